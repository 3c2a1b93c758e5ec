/// Poolings over two or three spatial dimensions of tensors [batch, ...spatial, channels], and their gradients.
///
/// All operations end their integers with {...size of the window, ...window}: see `Window`.
#include <c10/util/accumulate.h>

#include <cmath>
#include <limits>

#include "../call.h"
#include "window.h"

namespace pl {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// The window of a call whose integers begin at `from`, over x [batch, channels, ...spatial].
Window window_over(const Call& call, int from, const at::Tensor& x) {
  TORCH_CHECK(x.dim() == 4 || x.dim() == 5, "a pooling wants a tensor of rank 4 or 5");
  const int dims = static_cast<int>(x.dim()) - 2;
  return Window(call, from + dims, call.integers(from, dims), x.sizes().slice(2), /*pools=*/true);
}

/// ATen pools real numbers only. Doubles hold every int32. Volumes of 16 bits are not pooled by every version's CPU.
at::Tensor as_real(const at::Tensor& x) {
  if (is_16_bit(x.scalar_type()) && x.dim() == 5 && x.device().is_cpu()) return x.to(at::kFloat);
  return x.is_floating_point() ? x : x.to(x.device().type() == at::kMPS ? at::kFloat : at::kDouble);
}

/// Maxima and their places, both [batch, channels, ...spatial].
std::tuple<at::Tensor, at::Tensor> max_with_indices(const at::Tensor& x, const Window& window) {
  return window.dims == 2 ? at::max_pool2d_with_indices(x, window.kernel, window.stride, window.padding, window.dilation,
                                                        window.ceil)
                          : at::max_pool3d_with_indices(x, window.kernel, window.stride, window.padding, window.dilation,
                                                        window.ceil);
}

/// Maxima of the numbers alone: NaN, which ATen passes on, counts for less than any. The places are those in the input
/// with its edges.
std::tuple<at::Tensor, at::Tensor> max_of_numbers(const at::Tensor& x, const Window& window) {
  if (window.nothing_in(x)) {
    const Ints sizes = window.output(x.size(0), x.size(1));
    return {at::full(sizes, -kInfinity, x.options()), at::zeros(sizes, x.options().dtype(at::kLong))};
  }
  const at::Tensor padded = window.pad(x, -kInfinity);
  const auto without_nan = [&] {
    return max_with_indices(at::nan_to_num(padded, -kInfinity, kInfinity, -kInfinity), window);
  };
  // Looking at the result costs less than a copy of the input, but elsewhere than on the CPU it would have to wait.
  if (!x.device().is_cpu()) return without_nan();
  auto result = max_with_indices(padded, window);
  return std::isnan(at::sum(std::get<0>(result)).item<double>()) ? without_nan() : result;
}

/// How many places of an input [batch, channels, ...spatial] of these sizes, with its edges, a maximum can have.
int64_t places_in(at::IntArrayRef sizes, const Window& window) {
  const Ints padded = window.padded(sizes);
  return c10::multiply_integers(padded.begin() + 2, padded.end());
}

at::Tensor average(const at::Tensor& x, const Window& window, bool count_padding, c10::optional<int64_t> divisor) {
  return window.dims == 2 ? at::avg_pool2d(x, window.kernel, window.stride, window.padding, window.ceil, count_padding,
                                           divisor)
                          : at::avg_pool3d(x, window.kernel, window.stride, window.padding, window.ceil, count_padding,
                                           divisor);
}

}  // namespace

/// x {...}: leaves the places of the maxima with its result, for the gradient.
PL_OPERATION_AS_GIVEN(max_pool) {
  const at::Tensor& input = call.tensor(0);
  const at::Tensor x = channels_first(as_real(input));
  const Window window = window_over(call, 0, x);
  at::Tensor y, indices;
  std::tie(y, indices) = max_of_numbers(x, window);
  call.out(channels_last(y).to(input.scalar_type()), {indices, places_in(x.sizes(), window)});
}

/// dy, x, y {...}
PL_OPERATION_AS_GIVEN(max_pool_grad) {
  const at::ScalarType type = call.tensor(0).scalar_type();
  const at::Tensor dy = channels_first(as_real(call.tensor(0)));
  const at::Tensor x = channels_first(call.tensor(1).to(dy.scalar_type()));
  const Window window = window_over(call, 0, x);
  if (window.nothing_in(x)) return call.out(at::zeros(call.tensor(1).sizes(), dy.options()));
  const Aux maxima = call.has(2) ? call.aux(2) : Aux();
  at::Tensor indices = maxima.tensor;
  // y may come from elsewhere, or from a pooling of another input.
  if (!indices.defined() || indices.sizes() != dy.sizes() || indices.device() != dy.device() ||
      maxima.bound != places_in(x.sizes(), window)) {
    indices = std::get<1>(max_of_numbers(x, window));
  }
  const at::Tensor padded = window.pad(x, -kInfinity);
  const at::Tensor dx =
      window.dims == 2 ? at::max_pool2d_with_indices_backward(dy, padded, window.kernel, window.stride, window.padding,
                                                              window.dilation, window.ceil, indices)
                       : at::max_pool3d_with_indices_backward(dy, padded, window.kernel, window.stride, window.padding,
                                                              window.dilation, window.ceil, indices);
  call.out(channels_last(window.crop(dx)).to(type));
}

/// x {includeBatchInIndex, ...}: the maxima, and their places in the flat input or in its image.
PL_OPERATION_AS_GIVEN(max_pool_with_argmax) {
  const at::Tensor& input = call.tensor(0);
  const at::Tensor x = channels_first(as_real(input));
  const Window window = window_over(call, 1, x);
  TORCH_CHECK(window.dims == 2, "places of maxima are known for two spatial dimensions only");
  at::Tensor y, indices;
  std::tie(y, indices) = max_of_numbers(x, window);
  const int64_t channels = x.size(1), height = x.size(2), width = x.size(3);
  if (window.edged) {
    const int64_t padded_width = window.padded(x.sizes())[3];
    const at::Tensor row = at::div(indices, padded_width, "floor").sub_(window.before(0));
    const at::Tensor column = at::remainder(indices, padded_width).sub_(window.before(1));
    indices = row.mul_(width).add_(column);
  }
  at::Tensor places = channels_last(indices).mul(channels).add_(at::arange(channels, indices.options()));
  if (call.flag(0)) {
    places.add_(at::arange(x.size(0), indices.options()).mul_(height * width * channels).view({-1, 1, 1, 1}));
  }
  call.out(channels_last(y).to(input.scalar_type()));
  call.out(places);
}

/// x {...}: averages over what of the window lies in the input.
PL_OPERATION(avg_pool) {
  const at::Tensor& input = call.tensor(0);
  const at::Tensor x = channels_first(as_real(input));
  const Window window = window_over(call, 0, x);
  at::Tensor y;
  if (window.nothing_in(x)) {
    const double none = window.dims == 3 ? 0 : std::numeric_limits<double>::quiet_NaN();
    y = at::full(window.output(x.size(0), x.size(1)), none, x.options());
  } else if (!window.edged) {
    y = average(x, window, /*count_padding=*/false, c10::nullopt);
  } else {
    Ints plane(x.sizes().begin(), x.sizes().end());
    plane[0] = plane[1] = 1;
    const at::Tensor count = average(window.pad(at::ones(plane, x.options()), 0), window, true, 1);
    y = average(window.pad(x, 0), window, true, 1).div_(window.dims == 3 ? count.clamp_min(1) : count);
  }
  call.out(channels_last(y).to(input.scalar_type()));
}

/// dy, x {...}: divides by the size of the window, also where it reaches over the input, as tfjs does.
PL_OPERATION(avg_pool_grad) {
  const at::Tensor dy = channels_first(call.tensor(0));
  const at::Tensor x = channels_first(call.tensor(1));
  const Window window = window_over(call, 0, x);
  if (window.nothing_in(x)) return call.out(at::zeros(call.tensor(1).sizes(), dy.options()));
  const at::Tensor padded = shaped(window.padded(x.sizes()), dy.options(), true);
  int64_t size = 1;
  for (const int64_t length : window.kernel) size *= length;
  const at::Tensor dx = window.dims == 2 ? at::avg_pool2d_backward(dy, padded, window.kernel, window.stride,
                                                                   window.padding, window.ceil, true, size)
                                         : at::avg_pool3d_backward(dy, padded, window.kernel, window.stride,
                                                                   window.padding, window.ceil, true, size);
  call.out(channels_last(window.crop(dx)));
}

}  // namespace pl
