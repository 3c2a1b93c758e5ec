/// Reading where indices point.
#include "indices.h"

namespace pl {

namespace {

int64_t product(at::IntArrayRef sizes) {
  int64_t product = 1;
  for (const int64_t size : sizes) product *= size;
  return product;
}

}  // namespace

/// x, indices {axis, batchDims}: the result has the indices' axes, without the batch's, in place of the axis.
PL_OPERATION_AS_GIVEN(gather) {
  const at::Tensor& x = call.tensor(0);
  const at::Tensor& indices = call.tensor(1);
  const int64_t axis = call.integer(0);
  const int64_t batch_dims = call.integer(1);
  const int64_t size = x.size(axis);
  if (const auto outside = first_outside(indices, size)) {
    TORCH_CHECK(false, "GatherV2: the index value ", *outside, " is not in [0, ", size - 1, "]");
  }
  const at::IntArrayRef before = x.sizes().slice(0, axis);
  const at::IntArrayRef after = x.sizes().slice(axis + 1);
  const at::IntArrayRef points = indices.sizes().slice(batch_dims);
  Ints shape(before.begin(), before.end());
  shape.append(points.begin(), points.end());
  shape.append(after.begin(), after.end());

  if (batch_dims == 0) {
    const at::Tensor slices = at::index_select(x, axis, indices.flatten());
    call.out(indices.dim() == 1 ? slices : slices.reshape(shape));
    return;
  }
  const int64_t batch = product(before.slice(0, batch_dims));
  const int64_t outer = product(before.slice(batch_dims));
  const int64_t count = product(points);
  const int64_t slice = product(after);
  const at::Tensor where = indices.to(at::kLong).reshape({batch, 1, count, 1}).expand({batch, outer, count, slice});
  call.out(at::gather(x.reshape({batch, outer, size, slice}), 2, where).reshape(shape));
}

/// x, indices […, rank]: the last axis of the indices points into the first axes of x.
PL_OPERATION_AS_GIVEN(gather_nd) {
  const at::Tensor& x = call.tensor(0);
  const at::Tensor& indices = call.tensor(1);
  const int64_t rank = indices.size(-1);
  const Rows rows = rows_of(indices, rank, x.sizes());
  Ints shape(indices.sizes().begin(), indices.sizes().end() - 1);
  shape.append(x.sizes().begin() + rank, x.sizes().end());
  call.out(at::index_select(x.reshape({rows.count, rows.width}), 0, rows.numbers).reshape(shape));
}

}  // namespace pl
