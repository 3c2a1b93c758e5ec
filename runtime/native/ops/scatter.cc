/// Writing and adding where indices point.
#include "indices.h"

namespace pl {

namespace {

/// Rows of indices […, rank] or, below rank 2, [n] into the first axis.
Rows target_rows(const at::Tensor& indices, at::IntArrayRef shape) {
  return rows_of(indices, indices.dim() > 1 ? indices.size(-1) : 1, shape);
}

/// [count, ...] with each of the rows [n, ...] added to where its number in [n] says.
at::Tensor sum_of_rows(const at::Tensor& rows, const at::Tensor& numbers, int64_t count) {
  Ints shape(rows.sizes().begin(), rows.sizes().end());
  shape[0] = count;
  return at::zeros(shape, rows.options()).index_add_(0, numbers, rows);
}

}  // namespace

/// indices, updates {...shape}: an array of zeros with the updates added.
PL_OPERATION(scatter_nd) {
  const Ints shape = call.integers(0);
  const at::Tensor& updates = call.tensor(1);
  const Rows rows = target_rows(call.tensor(0), shape);
  const at::ScalarType type = updates.scalar_type();
  at::Tensor values = type == at::kBool ? updates.to(at::kInt) : updates;
  // ATen adds numbers faster than rows of one.
  values = rows.width == 1 ? values.reshape({rows.numbers.size(0)})
                           : values.reshape({rows.numbers.size(0), rows.width});
  call.out(sum_of_rows(values, rows.numbers, rows.count).to(type).reshape(shape));
}

/// x, indices, updates: a copy of x with the updates in it; of several for one place the last, on a CPU.
PL_OPERATION(tensor_scatter_update) {
  const at::Tensor& x = call.tensor(0);
  const Rows rows = target_rows(call.tensor(1), x.sizes());
  const at::Tensor updates = call.tensor(2).to(x.scalar_type()).reshape({rows.numbers.size(0), rows.width});
  call.out(at::index_copy(x.reshape({rows.count, rows.width}), 0, rows.numbers, updates).reshape(x.sizes()));
}

/// indices, values, default {...shape}: the default with the values in it; one value may be for all indices.
PL_OPERATION(sparse_to_dense) {
  const Ints shape = call.integers(0);
  const at::Tensor& values = call.tensor(1);
  const Rows rows = target_rows(call.tensor(0), shape);
  const int64_t count = rows.numbers.size(0);
  const at::Tensor updates = values.dim() == 0 ? values.expand({count, rows.width}) : values.reshape({count, rows.width});
  const at::Tensor base = call.tensor(2).to(values.scalar_type()).expand({rows.count, rows.width}).contiguous();
  call.out(at::index_copy(base, 0, rows.numbers, updates).reshape(shape));
}

/// x [n, ...], ids [n] {count}: sums over rows of the same id, in float32. An id outside [0, count) counts nowhere.
PL_OPERATION(unsorted_segment_sum) {
  const at::Tensor& x = call.tensor(0);
  const at::Tensor& ids = call.tensor(1);
  const int64_t count = call.integer(0);
  TORCH_CHECK(x.dim() > 0 && ids.dim() == 1 && ids.size(0) == x.size(0), "each of the ", x.dim() > 0 ? x.size(0) : 0,
              " rows must have one segment id, but their shape is ", ids.sizes());
  const at::Tensor rows = x.is_complex() ? x : x.to(at::kFloat);
  // A GPU need not be asked whether all are inside: it sums the others into one more row.
  if (ids.is_cpu() && !first_outside(ids, count)) {
    call.out(sum_of_rows(rows, ids, count));
  } else {
    const at::Tensor outside = at::logical_or(ids.lt(0), ids.ge(count));
    call.out(sum_of_rows(rows, ids.masked_fill(outside, count), count + 1).narrow(0, 0, count));
  }
}

/// x, indices [n], ids [n] {count, mean}: sums or means of the rows of x that the indices name, by their segment's id.
/// Indices and ids must have been checked.
PL_OPERATION(sparse_segment_reduce) {
  const at::Tensor& x = call.tensor(0);
  const at::Tensor& ids = call.tensor(2);
  const int64_t count = call.integer(0);
  const at::Tensor rows = at::index_select(x, 0, call.tensor(1));
  at::Tensor sums = sum_of_rows(x.scalar_type() == at::kBool ? rows.to(at::kInt) : rows, ids, count);
  if (call.flag(1)) {
    Ints shape(x.dim(), 1);
    shape[0] = count;
    const at::Tensor sizes = sum_of_rows(at::ones_like(ids), ids, count).clamp_min_(1).reshape(shape);
    sums = at::isIntegralType(sums.scalar_type(), true) ? at::div(sums, sizes, "trunc") : sums.div_(sizes);
  }
  call.out(sums.to(x.scalar_type()));
}

/// x, weights (empty: 1 each) {size, binary}: how often each value of x below size occurs; for a matrix, in each row.
PL_OPERATION(bincount) {
  const at::Tensor& x = call.tensor(0);
  const at::Tensor& weights = call.tensor(1);
  const int64_t size = call.integer(0);
  TORCH_CHECK(x.numel() == 0 || x.min().item<int64_t>() >= 0, "Input x must be non-negative!");
  TORCH_CHECK(weights.numel() == 0 || weights.numel() == x.numel(), "x of ", x.numel(), " values has ", weights.numel(),
              " weights");
  // Values from size on get a bin of their own, which is cut off.
  const int64_t rows = x.dim() == 2 ? x.size(0) : 1;
  at::Tensor bins = at::clamp_max(x.to(at::kLong), size);
  if (x.dim() == 2) bins = bins + at::arange(rows, bins.options()).unsqueeze(1) * (size + 1);
  bins = bins.flatten();
  at::Tensor counts = at::zeros({rows * (size + 1)}, weights.options());
  if (call.flag(1) && x.dim() == 2) {
    counts.index_fill_(0, bins, 1);
  } else {
    counts.index_add_(0, bins, weights.numel() > 0 ? weights.flatten() : at::ones({x.numel()}, weights.options()));
  }
  counts = counts.reshape({rows, size + 1}).narrow(1, 0, size);
  call.out(x.dim() == 2 ? counts : counts.squeeze(0));
}

}  // namespace pl
