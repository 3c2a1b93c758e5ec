/// Views and rearrangements.
#include <c10/util/accumulate.h>

#include <cstdlib>

#include "../call.h"

namespace pl {

/// x {...shape}
PL_OPERATION_AS_GIVEN(reshape) { call.out(call.tensor(0).reshape(call.integers(0))); }

/// x {...permutation}
PL_OPERATION_AS_GIVEN(permute) { call.out(call.tensor(0).permute(call.integers(0))); }

/// x {...begin, ...size}
PL_OPERATION_AS_GIVEN(slice) {
  at::Tensor x = call.tensor(0);
  const int64_t rank = x.dim();
  for (int64_t axis = 0; axis < rank; ++axis) {
    const int64_t begin = call.integer(axis);
    const int64_t size = call.integer(rank + axis);
    if (begin != 0 || size != x.size(axis)) x = x.narrow(axis, begin, size);
  }
  call.out(x);
}

/// x {...begin, ...stride and ...size of each axis, ...shape of the result}
PL_OPERATION_AS_GIVEN(strided_slice) {
  at::Tensor x = call.tensor(0);
  const int64_t rank = x.dim();
  Ints backwards;
  for (int64_t axis = 0; axis < rank; ++axis) {
    const int64_t size = call.integer(2 * rank + axis);
    const int64_t stride = call.integer(rank + axis);
    const int64_t last = call.integer(axis) + (size - 1) * stride;
    const int64_t first = stride < 0 ? last : call.integer(axis);
    if (size == 0) {
      x = x.narrow(axis, 0, 0);
    } else {
      x = at::slice(x, axis, first, first + (size - 1) * std::abs(stride) + 1, std::abs(stride));
    }
    if (stride < 0) backwards.push_back(axis);
  }
  if (!backwards.empty()) x = at::flip(x, backwards);
  call.out(x.reshape(call.integers(3 * rank)));
}

/// x of any shape: zeros of that shape twice, with x where both indices agree.
PL_OPERATION_AS_GIVEN(diag) {
  const at::Tensor& x = call.tensor(0);
  Ints shape(x.sizes().begin(), x.sizes().end());
  shape.append(x.sizes().begin(), x.sizes().end());
  call.out(at::diag_embed(x.flatten()).reshape(shape));
}

/// tensors {axis}
PL_OPERATION_AS_GIVEN(concat) { call.out(at::cat(call.list(0, call.tensors()), call.integer(0))); }

/// tensors {axis}
PL_OPERATION_AS_GIVEN(stack) { call.out(at::stack(call.list(0, call.tensors()), call.integer(0))); }

/// x {axis, ...sizes}
PL_OPERATION_AS_GIVEN(split) {
  for (const at::Tensor& part : at::split_with_sizes(call.tensor(0), call.integers(1), call.integer(0))) call.out(part);
}

/// x {axis}
PL_OPERATION_AS_GIVEN(unstack) {
  for (const at::Tensor& part : at::unbind(call.tensor(0), call.integer(0))) call.out(part);
}

/// x {...repetitions}
PL_OPERATION_AS_GIVEN(tile) { call.out(call.tensor(0).repeat(call.integers(0))); }

/// x {...axes}
PL_OPERATION_AS_GIVEN(flip) { call.out(at::flip(call.tensor(0), call.integers(0))); }

/// x {...shape}
PL_OPERATION_AS_GIVEN(broadcast_to) { call.out(call.tensor(0).expand(call.integers(0))); }

/// x [value] {before and after of each axis, the first axis first}
PL_OPERATION_AS_GIVEN(pad) {
  const at::Tensor& x = call.tensor(0);
  Ints padding;
  Ints sizes(x.sizes().begin(), x.sizes().end());
  for (int64_t axis = x.dim() - 1; axis >= 0; --axis) {
    padding.push_back(call.integer(2 * axis));
    padding.push_back(call.integer(2 * axis + 1));
    sizes[axis] += call.integer(2 * axis) + call.integer(2 * axis + 1);
  }
  // An axis that stays empty is an error to ATen.
  if (c10::multiply_integers(sizes) == 0) return call.out(at::empty(sizes, x.options()));
  call.out(at::constant_pad_nd(x, padding, call.number(0)));
}

}  // namespace pl
