/// Tensors out of nothing but numbers.
#include "../call.h"

namespace pl {

/// [value] {type, ...shape}
PL_OPERATION(full) { call.out(at::full(call.integers(1), call.number(0), call.options(call.type(0)))); }

PL_OPERATION_AS_GIVEN(copy) { call.out(call.tensor(0).clone()); }

PL_OPERATION_AS_GIVEN(zeros_like) { call.out(at::zeros_like(call.tensor(0))); }
PL_OPERATION_AS_GIVEN(ones_like) { call.out(at::ones_like(call.tensor(0))); }

/// [start, step] {count, type}
PL_OPERATION(range) {
  const at::Tensor steps = at::arange(call.integer(0), call.options(call.type(1)));
  if (steps.is_floating_point()) {
    call.out(at::add(at::mul(steps, call.number(1)), call.number(0)));
  } else {
    call.out(at::add(at::mul(steps, static_cast<int64_t>(call.number(1))), static_cast<int64_t>(call.number(0))));
  }
}

/// [start, stop] {count}
PL_OPERATION(linspace) {
  call.out(at::linspace(call.number(0), call.number(1), call.integer(0), call.options(at::kFloat)));
}

/// indices [onValue, offValue] {depth, type}
PL_OPERATION(one_hot) {
  const at::Tensor& indices = call.tensor(0);
  const int64_t depth = call.integer(0);
  const at::TensorOptions options = call.options(call.type(1));
  const at::Tensor classes = at::arange(depth, call.options(at::kInt));
  call.out(at::where(indices.unsqueeze(-1).eq(classes), at::full({}, call.number(0), options),
                     at::full({}, call.number(1), options)));
}

}  // namespace pl
