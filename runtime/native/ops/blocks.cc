/// Blocks of pixels that move between spatial dimensions, batch and channels; borders that mirror.
#include <algorithm>

#include "../call.h"

namespace pl {

/// x {n, ...blockShape, before and after of each of the n spatial dimensions}: pads, then moves blocks into the batch.
PL_OPERATION_AS_GIVEN(space_to_batch) {
  at::Tensor x = call.tensor(0);
  const int64_t n = call.integer(0);
  TORCH_CHECK(n < x.dim(), "there are fewer spatial dimensions than ", n);
  Ints padding(2 * (x.dim() - 1 - n), 0);
  for (int64_t i = n - 1; i >= 0; --i) {
    padding.push_back(call.integer(1 + n + 2 * i));
    padding.push_back(call.integer(1 + n + 2 * i + 1));
  }
  x = at::constant_pad_nd(x, padding, 0);
  Ints split{x.size(0)}, order, joined{x.size(0)};
  for (int64_t i = 0; i < n; ++i) {
    const int64_t block = call.integer(1 + i);
    TORCH_CHECK(block > 0 && x.size(1 + i) % block == 0, "blocks of ", block, " do not divide ", x.size(1 + i));
    split.push_back(x.size(1 + i) / block);
    split.push_back(block);
    order.push_back(2 + 2 * i);
    joined[0] *= block;
    joined.push_back(x.size(1 + i) / block);
  }
  order.push_back(0);
  for (int64_t i = 0; i < n; ++i) order.push_back(1 + 2 * i);
  for (int64_t axis = 1 + n; axis < x.dim(); ++axis) {
    order.push_back(static_cast<int64_t>(split.size()));
    split.push_back(x.size(axis));
    joined.push_back(x.size(axis));
  }
  call.out(x.reshape(split).permute(order).reshape(joined));
}

/// x {n, ...blockShape, crop before and after of each of the n spatial dimensions}: the way back.
PL_OPERATION_AS_GIVEN(batch_to_space) {
  const at::Tensor& x = call.tensor(0);
  const int64_t n = call.integer(0);
  TORCH_CHECK(n < x.dim(), "there are fewer spatial dimensions than ", n);
  Ints split, order{n}, joined;
  int64_t batch = x.size(0);
  for (int64_t i = 0; i < n; ++i) {
    const int64_t block = call.integer(1 + i);
    TORCH_CHECK(block > 0 && batch % block == 0, "blocks of ", block, " do not divide the batch");
    split.push_back(block);
    batch /= block;
  }
  split.push_back(batch);
  joined.push_back(batch);
  for (int64_t axis = 1; axis < x.dim(); ++axis) {
    split.push_back(x.size(axis));
    order.push_back(n + axis);
    if (axis <= n) order.push_back(axis - 1);
    joined.push_back(x.size(axis) * (axis <= n ? call.integer(axis) : 1));
  }
  at::Tensor y = x.reshape(split).permute(order).reshape(joined);
  for (int64_t i = 0; i < n; ++i) {
    const int64_t before = call.integer(1 + n + 2 * i), after = call.integer(1 + n + 2 * i + 1);
    y = y.narrow(1 + i, before, y.size(1 + i) - before - after);
  }
  call.out(y);
}

/// x {blockSize, channelsFirst}
PL_OPERATION_AS_GIVEN(depth_to_space) {
  const at::Tensor& x = call.tensor(0);
  const int64_t block = call.integer(0);
  const bool first = call.flag(1);
  TORCH_CHECK(x.dim() == 4, "blocks of depth want a tensor of rank 4");
  const int64_t batch = x.size(0), channels = x.size(first ? 1 : 3);
  const int64_t height = x.size(first ? 2 : 1), width = x.size(first ? 3 : 2);
  TORCH_CHECK(block > 0 && channels % (block * block) == 0, "blocks of ", block, " squared do not divide ", channels,
              " channels");
  const int64_t depth = channels / (block * block);
  call.out(first ? x.reshape({batch, block, block, depth, height, width})
                       .permute({0, 3, 4, 1, 5, 2})
                       .reshape({batch, depth, height * block, width * block})
                 : x.reshape({batch, height, width, block, block, depth})
                       .permute({0, 1, 3, 2, 4, 5})
                       .reshape({batch, height * block, width * block, depth}));
}

/// x {symmetric, before and after of each axis}: symmetric repeats the border itself, otherwise it does not.
PL_OPERATION_AS_GIVEN(mirror_pad) {
  at::Tensor y = call.tensor(0);
  const int64_t offset = call.flag(0) ? 1 : 0;
  for (int64_t axis = 0; axis < y.dim(); ++axis) {
    const int64_t before = call.integer(1 + 2 * axis), after = call.integer(2 + 2 * axis), size = y.size(axis);
    if (before == 0 && after == 0) continue;
    TORCH_CHECK(before >= 0 && after >= 0 && std::max(before, after) <= size - 1 + offset, "paddings of ", before,
                " and ", after, " mirror more than the ", size, " values of axis ", axis);
    std::vector<int64_t> places;
    for (int64_t i = -before; i < size + after; ++i) {
      places.push_back(i < 0 ? -i - offset : i >= size ? 2 * (size - 1) - i + offset : i);
    }
    y = y.index_select(axis, at::tensor(places).to(y.device()));
  }
  call.out(y);
}

}  // namespace pl
