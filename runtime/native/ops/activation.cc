/// Activations with a gradient of their own.
#include "../call.h"

namespace pl {

namespace {

const char* approximation(Call& call) { return call.flag(0) ? "tanh" : "none"; }

}  // namespace

/// x {tanh instead of the error function}
PL_OPERATION_AS_GIVEN(gelu) { call.out(at::gelu(call.tensor(0), approximation(call))); }

/// dy, x {tanh instead of the error function}
PL_OPERATION_AS_GIVEN(gelu_backward) {
  const at::Tensor& x = call.tensor(1);
  call.out(at::gelu_backward(call.tensor(0).to(x.scalar_type()), x, approximation(call)));
}

PL_OPERATION_AS_GIVEN(silu) { call.out(at::silu(call.tensor(0))); }

/// dy, x
PL_OPERATION_AS_GIVEN(silu_backward) {
  const at::Tensor& x = call.tensor(1);
  call.out(at::silu_backward(call.tensor(0).to(x.scalar_type()), x));
}

}  // namespace pl
