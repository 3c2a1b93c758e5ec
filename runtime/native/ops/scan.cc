/// Running sums and products; x {axis, exclusive, reverse}.
#include "../call.h"

namespace pl {

namespace {

/// `scan` along the axis, from its end where the call says so, and without each element itself where it is exclusive.
template <typename Scan>
at::Tensor scanned(Call& call, double neutral, Scan scan) {
  at::Tensor x = call.tensor(0);
  const int64_t axis = call.integer(0);
  const bool exclusive = call.flag(1);
  const bool reverse = call.flag(2);
  if (x.scalar_type() == at::kBool) x = x.to(at::kInt);
  if (reverse) x = at::flip(x, axis);
  if (exclusive && x.size(axis) > 0) {
    const at::Tensor shifted = x.narrow(axis, 0, x.size(axis) - 1);
    x = at::cat({at::full_like(x.narrow(axis, 0, 1), neutral), shifted}, axis);
  }
  x = scan(x, axis);
  return reverse ? at::flip(x, axis) : x;
}

}  // namespace

PL_OPERATION(cumsum) {
  call.out(scanned(call, 0, [](const at::Tensor& x, int64_t axis) { return at::cumsum(x, axis, x.scalar_type()); }));
}

PL_OPERATION(cumprod) {
  call.out(scanned(call, 1, [](const at::Tensor& x, int64_t axis) { return at::cumprod(x, axis, x.scalar_type()); }));
}

}  // namespace pl
