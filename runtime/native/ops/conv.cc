/// Convolutions over two or three spatial dimensions, whole and depthwise, and their gradients.
///
/// Filters come as [...spatial, in, out] or, depthwise, as [height, width, in, multiplier]. All operations end their
/// integers with {channelsFirst, depthwise, ...window}: see `Window`.
#include <algorithm>

#include "../call.h"
#include "activation.h"
#include "window.h"

namespace pl {

namespace {

/// What the integers of a convolution say, beside its window.
struct Layout {
  Layout(const Call& call, int from) : channels_first(call.flag(from)), depthwise(call.flag(from + 1)) {}

  at::Tensor input(const at::Tensor& x) const { return channels_first ? x.contiguous() : pl::channels_first(x); }
  at::Tensor output(const at::Tensor& y) const { return channels_first ? y.contiguous() : channels_last(y); }

  /// Sizes [batch, channels, ...spatial] of a tensor of this layout.
  Ints sizes(at::IntArrayRef shape) const {
    Ints sizes(shape.begin(), shape.end());
    if (!channels_first) std::rotate(sizes.begin() + 1, sizes.end() - 1, sizes.end());
    return sizes;
  }

  /// The filter as ATen wants it: [out, in per group, ...spatial].
  at::Tensor weight(const at::Tensor& filter) const {
    if (depthwise) {
      return filter.permute({2, 3, 0, 1}).reshape({filter.size(2) * filter.size(3), 1, filter.size(0), filter.size(1)});
    }
    Ints order{filter.dim() - 1, filter.dim() - 2};
    for (int64_t axis = 0; axis < filter.dim() - 2; ++axis) order.push_back(axis);
    return filter.permute(order);
  }

  /// Sizes of the weight that a filter of this shape becomes.
  Ints weight_sizes(at::IntArrayRef filter) const {
    const auto rank = filter.size();
    const int64_t in = filter[rank - 2];
    const int64_t out = filter[rank - 1];
    Ints sizes = depthwise ? Ints{in * out, 1} : Ints{out, in};
    sizes.append(filter.begin(), filter.end() - 2);
    return sizes;
  }

  /// The way back from `weight`.
  at::Tensor filter(const at::Tensor& weight, at::IntArrayRef shape) const {
    if (depthwise) return weight.reshape({shape[2], shape[3], shape[0], shape[1]}).permute({2, 3, 0, 1}).contiguous();
    Ints order;
    for (int64_t axis = 2; axis < weight.dim(); ++axis) order.push_back(axis);
    order.push_back(1);
    order.push_back(0);
    return weight.permute(order).contiguous();
  }

  int64_t groups(const Ints& input) const { return depthwise ? input[1] : 1; }

  const bool channels_first;
  const bool depthwise;
};

at::IntArrayRef spatial_of_filter(at::IntArrayRef shape) { return shape.slice(0, shape.size() - 2); }
at::IntArrayRef spatial_of_input(const Ints& sizes) { return at::IntArrayRef(sizes).slice(2); }

/// The part of dy that belongs to a window: a transposed convolution may be given more.
at::Tensor cropped(at::Tensor dy, const Layout& layout, const Window& window) {
  const int first = layout.channels_first ? 2 : 1;
  for (int i = 0; i < window.dims; ++i) {
    TORCH_CHECK(dy.size(first + i) >= window.windows[i], "dy is smaller than the ", window.windows,
                " positions of the filter");
    dy = dy.narrow(first + i, 0, window.windows[i]);
  }
  return layout.input(dy);
}

void check_ranks(const at::Tensor& a, const at::Tensor& b) {
  TORCH_CHECK(a.dim() == b.dim() && (a.dim() == 4 || a.dim() == 5), "a convolution wants tensors of rank 4 or 5, both alike");
}

/// The convolution of x, with its edges, and a bias per channel. Nothing convolved is zero, and so is a sum over no channels.
at::Tensor convolved(const at::Tensor& x, const at::Tensor& weight, const c10::optional<at::Tensor>& bias,
                     const Window& window, int64_t groups) {
  if (!window.nothing_in(x) && weight.numel() > 0) {
    return at::convolution(window.pad(x, 0), weight, bias, window.stride, window.padding, window.dilation,
                           /*transposed=*/false, /*output_padding=*/Ints(window.dims, 0), groups);
  }
  at::Tensor y = at::zeros(window.output(x.size(0), weight.size(0)), x.options());
  if (bias) {
    Ints per_channel(y.dim(), 1);
    per_channel[1] = y.size(1);
    y.add_(bias->view(per_channel));
  }
  return y;
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> backward(const at::Tensor& dy, const at::Tensor& input,
                                                        const at::Tensor& weight, const Window& window, int64_t groups,
                                                        std::array<bool, 3> wanted) {
  return at::convolution_backward(dy, input, weight, at::OptionalIntArrayRef(), window.stride, window.padding,
                                  window.dilation, /*transposed=*/false, /*output_padding=*/Ints(window.dims, 0), groups,
                                  wanted);
}

}  // namespace

/// x, filter, bias?, preluWeights? [leakyReluAlpha] {activation, channelsFirst, depthwise, ...window}
PL_OPERATION_IN_16_BITS(conv) {
  const at::Tensor& filter = call.tensor(1);
  check_ranks(call.tensor(0), filter);
  const Layout layout(call, 1);
  const at::Tensor x = layout.input(call.tensor(0));
  const Ints sizes(x.sizes().begin(), x.sizes().end());
  const Window window(call, 3, spatial_of_filter(filter.sizes()), spatial_of_input(sizes));
  const at::Tensor weight = layout.weight(filter);
  // One bias per channel is the convolution's own; any other shape broadcasts over the result.
  c10::optional<at::Tensor> bias = call.optional(2);
  const bool per_channel = bias && bias->dim() == 1 && bias->size(0) == weight.size(0);
  at::Tensor y =
      layout.output(convolved(x, weight, per_channel ? bias : c10::nullopt, window, layout.groups(sizes)));
  if (bias && !per_channel) y.add_(*bias);

  c10::optional<at::Tensor> prelu = call.optional(3);
  if (prelu && layout.channels_first && prelu->dim() == 1 && prelu->size(0) != 1) prelu = prelu->view({-1, 1, 1});
  call.out(activate_(std::move(y), call.integer(0), prelu, call.number(0)));
}

/// dy, filter {channelsFirst, depthwise, ...window, ...inputShape}
PL_OPERATION_IN_16_BITS(conv_grad_input) {
  const at::Tensor& filter = call.tensor(1);
  check_ranks(call.tensor(0), filter);
  const Layout layout(call, 0);
  const int dims = static_cast<int>(filter.dim()) - 2;
  const Ints sizes = layout.sizes(call.integers(2 + 4 * dims));
  const Window window(call, 2, spatial_of_filter(filter.sizes()), spatial_of_input(sizes));
  const at::Tensor dy = cropped(call.tensor(0), layout, window);
  const at::Tensor weight = layout.weight(filter);
  TORCH_CHECK(dy.size(0) == sizes[0] && dy.size(1) == weight.size(0) &&
                  weight.size(1) * layout.groups(sizes) == sizes[1],
              "dy and filter do not belong to an input of ", sizes);
  const at::Tensor input = shaped(window.padded(sizes), dy.options(), !layout.channels_first);
  if (window.nothing_in(input) || dy.numel() == 0) return call.out(layout.output(at::zeros(sizes, dy.options())));
  const at::Tensor dx = std::get<0>(backward(dy, input, weight, window, layout.groups(sizes), {true, false, false}));
  call.out(layout.output(window.crop(dx)));
}

/// x, dy {channelsFirst, depthwise, ...window, ...filterShape}
PL_OPERATION_IN_16_BITS(conv_grad_filter) {
  check_ranks(call.tensor(0), call.tensor(1));
  const Layout layout(call, 0);
  const at::Tensor x = layout.input(call.tensor(0));
  const Ints sizes(x.sizes().begin(), x.sizes().end());
  const int dims = static_cast<int>(x.dim()) - 2;
  const Ints shape = call.integers(2 + 4 * dims);
  const Window window(call, 2, spatial_of_filter(shape), spatial_of_input(sizes));
  const at::Tensor dy = cropped(call.tensor(1), layout, window);
  const Ints weight_sizes = layout.weight_sizes(shape);
  TORCH_CHECK(dy.size(0) == sizes[0] && dy.size(1) == weight_sizes[0] &&
                  weight_sizes[1] * layout.groups(sizes) == sizes[1],
              "x and dy do not belong to a filter of ", shape);
  if (window.nothing_in(x) || dy.numel() == 0) return call.out(at::zeros(shape, x.options()));
  const at::Tensor weight = shaped(weight_sizes, x.options(), !layout.channels_first);
  const at::Tensor dw = std::get<1>(
      backward(dy, window.pad(x, 0), weight, window, layout.groups(sizes), {false, true, false}));
  call.out(layout.filter(dw, shape));
}

}  // namespace pl
