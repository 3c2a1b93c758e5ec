/// Gradients that tfjs composes of several kernels, in one call each.
#include <algorithm>

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

/// The sum of rows of 16-bit numbers, in float32. Some at a time, for a copy of all in float32 would leave the cache.
static at::Tensor sum_of_rows(const at::Tensor& rows) {
  const int64_t count = rows.size(0);
  const int64_t step = std::max<int64_t>(1, (1 << 16) / rows.size(1));
  at::Tensor sum = at::zeros({rows.size(1)}, rows.options().dtype(at::kFloat));
  for (int64_t from = 0; from < count; from += step) {
    sum.add_(rows.narrow(0, from, std::min(step, count - from)).to(at::kFloat).sum(0));
  }
  return sum;
}

/// dy {...shape}: the gradient of what was broadcast from that shape.
PL_OPERATION(sum_to) {
  const at::Tensor& dy = call.kept(0);
  const Ints shape = call.integers(0);
  const int64_t size = shape.empty() ? 0 : shape.back();
  const bool of_rows = size > 0 && c10::multiply_integers(shape) == size && dy.size(-1) == size;
  if (of_rows && dy.device().is_cpu() && is_16_bit(dy.scalar_type())) {
    call.out(sum_of_rows(dy.reshape({-1, size})).reshape(shape));
  } else {
    call.out(at::sum_to(call.tensor(0), shape));
  }
}

/// dy [factor] {rank, ...shape with reduced axes as 1, ...shape}: the gradient of what was reduced.
PL_OPERATION_AS_GIVEN(spread) {
  const int rank = static_cast<int>(call.integer(0));
  at::Tensor dy = call.tensor(0).reshape(call.integers(1, rank));
  if (call.number(0) != 1) dy = at::mul(dy, call.number(0));
  call.out(dy.expand(call.integers(1 + rank, rank)));
}

}  // namespace pl
