#pragma once

#include "../call.h"

namespace pl {

/// x [batch, ...spatial, channels] as [batch, channels, ...spatial]: a view, so that ATen sees its channels-last format.
inline at::Tensor channels_first(const at::Tensor& x) {
  Ints order{0, x.dim() - 1};
  for (int64_t axis = 1; axis < x.dim() - 1; ++axis) order.push_back(axis);
  return x.contiguous().permute(order);
}

/// The way back: a view as well, where ATen kept the format.
inline at::Tensor channels_last(const at::Tensor& x) {
  Ints order{0};
  for (int64_t axis = 2; axis < x.dim(); ++axis) order.push_back(axis);
  order.push_back(1);
  return x.permute(order).contiguous();
}

/// Nothing but sizes, for where ATen asks for a tensor and looks at its shape and format alone.
inline at::Tensor shaped(at::IntArrayRef sizes, const at::TensorOptions& options, bool channels_last) {
  const at::MemoryFormat format = !channels_last       ? at::MemoryFormat::Contiguous
                                  : sizes.size() == 4 ? at::MemoryFormat::ChannelsLast
                                                      : at::MemoryFormat::ChannelsLast3d;
  return at::empty(sizes, options, format);
}

/// Where the window of a convolution or a pooling stands over the spatial dimensions of its input.
///
/// tfjs says how much it pads before and how many windows there are. ATen pads both sides alike and counts the windows
/// itself; where that comes out differently, the input gets its edges first, and `edges` says which.
struct Window {
  /// Reads {...strides, ...dilations, ...paddings before, ...numbers of windows} from `from` on.
  /// @param input spatial dimensions of the input
  /// @param pools whether ATen's rules for pooling hold: a last window that is not full, paddings of half a window
  Window(const Call& call, int from, at::IntArrayRef kernel, at::IntArrayRef input, bool pools = false)
      : dims(static_cast<int>(kernel.size())),
        kernel(kernel.begin(), kernel.end()),
        stride(call.integers(from, dims)),
        dilation(call.integers(from + dims, dims)),
        padding(call.integers(from + 2 * dims, dims)),
        windows(call.integers(from + 3 * dims, dims)),
        edges(2 * dims, 0) {
    for (int i = 0; i < dims; ++i) {
      TORCH_CHECK(stride[i] > 0 && dilation[i] > 0, "strides and dilations must be positive");
      TORCH_CHECK(windows[i] >= 0, "a window of ", kernel, " does not fit an input of ", input);
      if (windows[i] == 0) empty = true;
    }
    if (empty) return;
    if (all([&](int i) { return padded_by_aten(i, pools) && count(i, input[i], false) == windows[i]; })) return;
    if (pools && all([&](int i) { return padded_by_aten(i, pools) && count(i, input[i], true) == windows[i]; })) {
      ceil = true;
      return;
    }
    for (int i = 0; i < dims; ++i) {
      if (padded_by_aten(i, pools) && count(i, input[i], false) == windows[i]) continue;
      const int64_t after = (windows[i] - 1) * stride[i] + extent(i) - input[i] - padding[i];
      // ATen names the last dimension first.
      edges[2 * (dims - 1 - i)] = padding[i];
      edges[2 * (dims - 1 - i) + 1] = after;
      padding[i] = 0;
      edged = true;
    }
  }

  /// x [batch, channels, ...spatial] with its edges.
  at::Tensor pad(const at::Tensor& x, double value) const { return edged ? at::constant_pad_nd(x, edges, value) : x; }

  /// The gradient of `pad`.
  at::Tensor crop(const at::Tensor& dx) const {
    if (!edged) return dx;
    Ints back;
    for (const int64_t edge : edges) back.push_back(-edge);
    return at::constant_pad_nd(dx, back, 0);
  }

  /// The sizes of what `pad` makes of a tensor [batch, channels, ...spatial] of these sizes.
  Ints padded(at::IntArrayRef sizes) const {
    Ints padded(sizes.begin(), sizes.end());
    for (int i = 0; i < dims; ++i) padded[2 + i] += before(i) + edges[2 * (dims - 1 - i) + 1];
    return padded;
  }

  /// Whether there is nothing that a window could see, or no window to see it. ATen refuses most of these.
  bool nothing_in(const at::Tensor& x) const { return empty || x.numel() == 0; }

  /// The sizes of what the windows of a batch give.
  Ints output(int64_t batch, int64_t channels) const {
    Ints sizes{batch, channels};
    sizes.append(windows.begin(), windows.end());
    return sizes;
  }

  /// What the input gets in front of spatial dimension i.
  int64_t before(int i) const { return edges[2 * (dims - 1 - i)]; }

  const int dims;
  const Ints kernel;
  const Ints stride;
  const Ints dilation;
  /// What ATen pads on both sides.
  Ints padding;
  /// How many windows there are.
  const Ints windows;
  /// Whether a last window may reach over the end.
  bool ceil = false;
  bool edged = false;
  /// Whether there is no window at all.
  bool empty = false;

 private:
  template <typename Predicate>
  bool all(Predicate predicate) const {
    for (int i = 0; i < dims; ++i) {
      if (!predicate(i)) return false;
    }
    return true;
  }

  int64_t extent(int i) const { return (kernel[i] - 1) * dilation[i] + 1; }

  bool padded_by_aten(int i, bool pools) const {
    return padding[i] >= 0 && (!pools || padding[i] <= kernel[i] / 2);
  }

  /// How many windows ATen would see.
  int64_t count(int i, int64_t input, bool ceil) const {
    const int64_t room = input + 2 * padding[i] - extent(i);
    if (room < 0) return 0;
    int64_t count = (room + (ceil ? stride[i] - 1 : 0)) / stride[i] + 1;
    if (ceil && (count - 1) * stride[i] >= input + padding[i]) --count;
    return count;
  }

  Ints edges;
};

}  // namespace pl
