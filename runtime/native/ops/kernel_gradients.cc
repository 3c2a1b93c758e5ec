/// Gradients that tfjs composes of several kernels, in one call each.
#include "../call.h"

namespace pl {

/// The gradient of a result, in the result's type.
static at::Tensor of(const at::Tensor& y, const at::Tensor& dy) { return dy.to(y.scalar_type()); }

/// dy, y
PL_OPERATION_AS_GIVEN(relu_grad) {
  const at::Tensor& y = call.tensor(1);
  call.out(at::threshold_backward(of(y, call.tensor(0)), y, 0));
}

/// dy, y
PL_OPERATION_AS_GIVEN(sigmoid_grad) {
  const at::Tensor& y = call.tensor(1);
  call.out(at::sigmoid_backward(of(y, call.tensor(0)), y));
}

/// dy, y
PL_OPERATION_AS_GIVEN(tanh_grad) {
  const at::Tensor& y = call.tensor(1);
  call.out(at::tanh_backward(of(y, call.tensor(0)), y));
}

/// dy, y {dim}
PL_OPERATION(softmax_grad) {
  const at::Tensor& y = call.tensor(1);
  call.out(at::_softmax_backward_data(call.tensor(0), y, call.integer(0), y.scalar_type()));
}

/// dy {...shape}: the gradient of what was broadcast from that shape.
PL_OPERATION(sum_to) { call.out(at::sum_to(call.tensor(0), call.integers(0))); }

/// dy [factor] {rank, ...shape with reduced axes as 1, ...shape}: the gradient of what was reduced.
PL_OPERATION_AS_GIVEN(spread) {
  const int rank = static_cast<int>(call.integer(0));
  at::Tensor dy = call.tensor(0).reshape(call.integers(1, rank));
  if (call.number(0) != 1) dy = at::mul(dy, call.number(0));
  call.out(dy.expand(call.integers(1 + rank, rank)));
}

}  // namespace pl
