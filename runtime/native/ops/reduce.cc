/// Reductions over axes, always given; {keepDims, ...axes} unless said otherwise.
#include <algorithm>
#include <limits>

#include "../call.h"

namespace pl {

namespace {

/// x with the axes of the call moved to the end and joined into one.
at::Tensor joined(Call& call) {
  at::Tensor x = call.tensor(0);
  const Ints axes = call.integers(1);
  Ints order;
  std::vector<bool> reduced(x.dim(), false);
  for (const int64_t axis : axes) reduced[axis] = true;
  Ints kept;
  for (int64_t axis = 0; axis < x.dim(); ++axis) {
    if (reduced[axis]) continue;
    order.push_back(axis);
    kept.push_back(x.size(axis));
  }
  int64_t size = 1;
  for (int64_t axis = 0; axis < x.dim(); ++axis) {
    if (!reduced[axis]) continue;
    order.push_back(axis);
    size *= x.size(axis);
  }
  kept.push_back(size);
  return x.permute(order).reshape(kept);
}

/// The result of a reduction of `joined`, with the reduced axes as 1 where the call keeps them.
at::Tensor with_kept_axes(Call& call, at::Tensor result) {
  if (!call.flag(0)) return result;
  at::Tensor kept = std::move(result);
  Ints axes = call.integers(1);
  std::sort(axes.begin(), axes.end());
  for (const int64_t axis : axes) kept = kept.unsqueeze(axis);
  return kept;
}

/// Whether there is anything along the axes.
bool has_elements(const at::Tensor& x, at::IntArrayRef axes) {
  return std::all_of(axes.begin(), axes.end(), [&](int64_t axis) { return x.size(axis) > 0; });
}

/// The largest or smallest element. Of nothing that is NaN, or 0 among integers.
at::Tensor extreme(Call& call, at::Tensor (*reduce)(const at::Tensor&, at::IntArrayRef, bool)) {
  const at::Tensor& x = call.tensor(0);
  const Ints axes = call.integers(1);
  if (axes.empty()) return x;
  if (has_elements(x, axes)) return reduce(x, axes, call.flag(0));
  const at::Tensor nothing = at::zeros_like(at::sum(x, axes, call.flag(0)), x.options());
  return x.is_floating_point() ? nothing.fill_(std::numeric_limits<double>::quiet_NaN()) : nothing;
}

/// The place of the largest value along an axis, the first of several. NaN is passed over, but at the beginning it stays.
at::Tensor arg_max(at::Tensor x, int64_t axis) {
  if (x.size(axis) == 0) {
    Ints shape(x.sizes().begin(), x.sizes().end());
    shape.erase(shape.begin() + axis);
    return at::zeros(shape, x.options().dtype(at::kInt));
  }
  if (!x.is_floating_point()) return at::argmax(x, axis);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const at::Tensor place = at::argmax(at::nan_to_num(x, -kInfinity, kInfinity, -kInfinity), axis);
  return place.masked_fill(at::isnan(x.select(axis, 0)), 0);
}

}  // namespace

PL_OPERATION(sum) {
  const at::Tensor& x = call.tensor(0);
  const Ints axes = call.integers(1);
  const bool integral = at::isIntegralType(x.scalar_type(), true);
  if (axes.empty()) {
    call.out(integral ? x.to(at::kInt) : x);
  } else {
    call.out(integral ? at::sum(x, axes, call.flag(0), at::kLong) : at::sum(x, axes, call.flag(0)));
  }
}

/// The mean of nothing is 0.
PL_OPERATION(mean) {
  at::Tensor x = call.tensor(0);
  if (x.is_complex()) x = at::real(x);
  if (!x.is_floating_point()) x = x.to(at::kFloat);
  const Ints axes = call.integers(1);
  if (axes.empty()) {
    call.out(x);
  } else {
    call.out(has_elements(x, axes) ? at::mean(x, axes, call.flag(0)) : at::sum(x, axes, call.flag(0)));
  }
}

PL_OPERATION_AS_GIVEN(max) { call.out(extreme(call, at::amax)); }
PL_OPERATION_AS_GIVEN(min) { call.out(extreme(call, at::amin)); }

PL_OPERATION(prod) { call.out(with_kept_axes(call, at::prod(joined(call), -1))); }
/// Not all of nothing.
PL_OPERATION(all) {
  const at::Tensor x = joined(call).to(at::kBool);
  call.out(with_kept_axes(call, x.size(-1) == 0 ? at::any(x, -1) : at::all(x, -1)));
}
PL_OPERATION(any) { call.out(with_kept_axes(call, at::any(joined(call).to(at::kBool), -1))); }

/// x {axis}
PL_OPERATION(argmax) {
  const at::Tensor& x = call.tensor(0);
  call.out(arg_max(x.scalar_type() == at::kBool ? x.to(at::kInt) : x, call.integer(0)));
}

/// x {axis}: where the largest is, counted from the other end. Turning an integer's bits around does not overflow.
PL_OPERATION(argmin) {
  const at::Tensor& x = call.tensor(0);
  if (x.is_floating_point()) {
    call.out(arg_max(at::neg(x), call.integer(0)));
  } else {
    call.out(arg_max(at::bitwise_not(x.to(at::kInt)), call.integer(0)));
  }
}

/// x {dim}: over the last dimensions.
PL_OPERATION(softmax) { call.out(at::softmax(call.tensor(0).to(at::kFloat), call.integer(0))); }

}  // namespace pl
