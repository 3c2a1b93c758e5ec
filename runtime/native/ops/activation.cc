/// Activations with a gradient of their own.
#include "../call.h"

namespace pl {

namespace {

const char* approximation(Call& call) { return call.flag(0) ? "tanh" : "none"; }

}  // namespace

/// x {tanh instead of the error function}
PL_OPERATION(gelu) { call.out(at::gelu(call.tensor(0), approximation(call))); }

/// dy, x {tanh instead of the error function}
PL_OPERATION(gelu_backward) { call.out(at::gelu_backward(call.tensor(0), call.tensor(1), approximation(call))); }

PL_OPERATION(silu) { call.out(at::silu(call.tensor(0))); }

/// dy, x
PL_OPERATION(silu_backward) { call.out(at::silu_backward(call.tensor(0), call.tensor(1))); }

}  // namespace pl
