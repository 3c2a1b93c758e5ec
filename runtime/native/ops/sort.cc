/// What follows from an order.
#include "../call.h"

namespace pl {

/// x {k}: the k largest along the last axis, largest first, and their places. Of equal ones the first comes first,
/// which at::topk does not promise.
PL_OPERATION(top_k) {
  const at::Tensor& x = call.tensor(0);
  const int64_t k = call.integer(0);
  const auto sorted = at::sort(x, /*stable=*/true, -1, /*descending=*/true);
  const at::Tensor values = std::get<0>(sorted).narrow(-1, 0, k);
  const at::Tensor places = std::get<1>(sorted).narrow(-1, 0, k);
  call.out(values);
  call.out(places);
}

/// sorted [batch, n], values [batch, m] {right}: how many of the sorted are less than, or with `right` at most, each.
/// Nothing is less than NaN.
PL_OPERATION(search_sorted) {
  at::Tensor sorted = call.tensor(0);
  at::Tensor values = call.tensor(1);
  at::ScalarType type = c10::promoteTypes(sorted.scalar_type(), values.scalar_type());
  if (type == at::kBool) type = at::kInt;
  sorted = sorted.to(type).contiguous();
  values = values.to(type).contiguous();
  const at::Tensor places = at::searchsorted(sorted, values, /*out_int32=*/true, call.flag(0));
  call.out(values.is_floating_point() ? places.masked_fill(at::isnan(values), 0) : places);
}

}  // namespace pl
