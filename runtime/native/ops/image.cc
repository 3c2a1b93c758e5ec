/// Resampling of images [batch, height, width, channels].
///
/// Coordinates are doubles, as in tfjs, where the device has them.
#include <cmath>

#include "../call.h"

namespace pl {

namespace {

void check_images(const at::Tensor& images) {
  TORCH_CHECK(images.dim() == 4, "images must be [batch, height, width, channels]");
  TORCH_CHECK(images.size(1) > 0 && images.size(2) > 0, "images of ", images.size(1), " by ", images.size(2),
              " have no pixels");
}

at::TensorOptions coordinate_options(const Call& call) {
  return call.options(call.device.type() == at::kMPS ? at::kFloat : at::kDouble);
}

/// JavaScript's Math.round: halves go up.
at::Tensor rounded(const at::Tensor& coordinates) { return at::floor(coordinates + 0.5); }

/// The pixels of an image at whole-numbered coordinates, all of which broadcast; `fill` for places outside.
at::Tensor pixels(const at::Tensor& images, const at::Tensor& batch, const at::Tensor& y, const at::Tensor& x,
                  const at::Tensor& fill) {
  const int64_t height = images.size(1), width = images.size(2), channels = images.size(3);
  const at::Tensor inside = (y >= 0).logical_and(y <= height - 1).logical_and(x >= 0).logical_and(x <= width - 1);
  const at::Tensor zero = at::zeros({}, y.options());
  const at::Tensor row = at::where(inside, y, zero).to(at::kLong);
  const at::Tensor column = at::where(inside, x, zero).to(at::kLong);
  const at::Tensor index = (batch * height + row) * width + column;
  Ints shape(index.sizes().begin(), index.sizes().end());
  shape.push_back(channels);
  const at::Tensor found = images.reshape({-1, channels}).index_select(0, index.reshape({-1})).view(shape);
  return at::where(inside.unsqueeze(-1), found, fill.to(images.scalar_type()));
}

at::Tensor batch_numbers(const at::Tensor& images) {
  return at::arange(images.size(0), images.options().dtype(at::kLong)).view({-1, 1, 1});
}

// --- Resizing ---

/// What a resizing reads along one axis.
struct Axis {
  /// @param aligned whether the corner pixels' centers coincide
  /// @param half whether a pixel's center lies half a pixel from its corner
  Axis(const Call& call, int64_t from, int64_t to, bool aligned, bool half) : size(from), half(half) {
    const bool inner = aligned && to > 1;
    const double ratio = static_cast<double>(inner ? from - 1 : from) / static_cast<double>(inner ? to - 1 : to);
    coordinates = (at::arange(to, coordinate_options(call)) + (half ? 0.5 : 0.0)) * ratio;
  }

  at::Tensor nearest(bool aligned) const {
    return (aligned ? rounded(coordinates) : at::floor(coordinates)).clamp_(0, size - 1).to(at::kLong);
  }

  /// The pixels below and above each coordinate, and how far it is from the one below.
  void neighbours(at::Tensor& below, at::Tensor& above, at::Tensor& fraction) const {
    const at::Tensor at = half ? coordinates - 0.5 : coordinates;
    const at::Tensor floor = at::floor(at).clamp_min_(0);
    below = floor.clamp_max(size - 1).to(at::kLong);
    above = at::ceil(at).clamp_(0, size - 1).to(at::kLong);
    fraction = at - floor;
  }

  const int64_t size;
  const bool half;
  at::Tensor coordinates;
};

/// A tensor's values of one axis as factors for images.
at::Tensor along(int64_t axis, const at::Tensor& values, const at::Tensor& images) {
  return values.to(images.scalar_type()).view(axis == 1 ? at::IntArrayRef{-1, 1, 1} : at::IntArrayRef{-1, 1});
}

at::Tensor interpolated(const at::Tensor& images, int64_t dim, const Axis& axis) {
  at::Tensor below, above, fraction;
  axis.neighbours(below, above, fraction);
  return at::lerp(images.index_select(dim, below), images.index_select(dim, above), along(dim, fraction, images));
}

at::Tensor interpolated_grad(const at::Tensor& dy, int64_t dim, const Axis& axis) {
  at::Tensor below, above, fraction;
  axis.neighbours(below, above, fraction);
  const at::Tensor factor = along(dim, fraction, dy);
  Ints shape(dy.sizes().begin(), dy.sizes().end());
  shape[dim] = axis.size;
  const at::Tensor upper = dy * factor;
  return at::zeros(shape, dy.options()).index_add_(dim, below, dy - upper).index_add_(dim, above, upper);
}

at::Tensor nearest_grad(const at::Tensor& dy, int64_t dim, const Axis& axis, bool aligned) {
  Ints shape(dy.sizes().begin(), dy.sizes().end());
  shape[dim] = axis.size;
  return at::zeros(shape, dy.options()).index_add_(dim, axis.nearest(aligned), dy);
}

// --- Projections ---

enum class FillMode : int64_t { kConstant, kReflect, kWrap, kNearest };

/// Coordinates outside of [0, length - 1] as a fill mode maps them: TensorFlow's image_ops.h.
at::Tensor mapped(const at::Tensor& c, int64_t length, FillMode mode) {
  if (mode == FillMode::kConstant) return c;
  const double last = static_cast<double>(length - 1);
  if (mode == FillMode::kNearest || length <= 1) return c.clamp(0, last);
  at::Tensor low, high;
  if (mode == FillMode::kReflect) {
    const double period = 2.0 * static_cast<double>(length);
    const at::Tensor shifted = c + at::trunc(-c / period) * period;
    low = at::where(shifted < -static_cast<double>(length), shifted + period, -shifted - 1);
    const at::Tensor rest = c - at::trunc(c / period) * period;
    high = at::where(rest >= static_cast<double>(length), period - rest - 1, rest);
  } else {
    low = c + (at::trunc(-c / last) + 1) * static_cast<double>(length);
    high = c - at::trunc(c / last) * static_cast<double>(length);
  }
  return at::where(c < 0, low, at::where(c > last, high, c)).clamp_(0, last);
}

}  // namespace

/// images {height, width, alignCorners, halfPixelCenters}
PL_OPERATION(resize_bilinear) {
  const at::Tensor& images = call.tensor(0);
  check_images(images);
  const bool aligned = call.flag(2), half = call.flag(3);
  const at::Tensor real = images.is_floating_point() ? images : images.to(at::kFloat);
  const at::Tensor rows = interpolated(real, 1, Axis(call, images.size(1), call.integer(0), aligned, half));
  call.out(interpolated(rows, 2, Axis(call, images.size(2), call.integer(1), aligned, half)));
}

/// dy {height, width, alignCorners, halfPixelCenters}: height and width of the images that were resized.
PL_OPERATION(resize_bilinear_grad) {
  const at::Tensor& dy = call.tensor(0);
  check_images(dy);
  const bool aligned = call.flag(2), half = call.flag(3);
  const at::Tensor columns = interpolated_grad(dy, 2, Axis(call, call.integer(1), dy.size(2), aligned, half));
  call.out(interpolated_grad(columns, 1, Axis(call, call.integer(0), dy.size(1), aligned, half)));
}

/// images {height, width, alignCorners, halfPixelCenters}
PL_OPERATION(resize_nearest) {
  const at::Tensor& images = call.tensor(0);
  check_images(images);
  const bool aligned = call.flag(2), half = call.flag(3);
  const Axis rows(call, images.size(1), call.integer(0), aligned, half);
  const Axis columns(call, images.size(2), call.integer(1), aligned, half);
  call.out(images.index_select(1, rows.nearest(aligned)).index_select(2, columns.nearest(aligned)));
}

/// dy {height, width, alignCorners, halfPixelCenters}: height and width of the images that were resized.
PL_OPERATION(resize_nearest_grad) {
  const at::Tensor& dy = call.tensor(0);
  check_images(dy);
  const bool aligned = call.flag(2), half = call.flag(3);
  const at::Tensor columns = nearest_grad(dy, 2, Axis(call, call.integer(1), dy.size(2), aligned, half), aligned);
  call.out(nearest_grad(columns, 1, Axis(call, call.integer(0), dy.size(1), aligned, half), aligned));
}

/// image, boxes [n, 4], boxInd [n] [extrapolationValue] {height, width, nearest}
///
/// A box of an image that is not there gives zeros.
PL_OPERATION(crop_and_resize) {
  const at::Tensor image = call.tensor(0).to(at::kFloat);
  check_images(image);
  TORCH_CHECK(image.size(0) > 0, "there is no image to crop");
  const at::TensorOptions options = coordinate_options(call);
  const at::Tensor boxes = call.tensor(1).to(options.dtype());
  const at::Tensor wanted = call.tensor(2).to(at::kLong).view({-1, 1, 1});
  TORCH_CHECK(boxes.dim() == 2 && boxes.size(1) == 4 && boxes.size(0) == wanted.size(0),
              "boxes must be [n, 4] and boxInd [n]");
  const at::Tensor known = (wanted >= 0).logical_and(wanted < image.size(0));
  const at::Tensor batch = wanted.masked_fill(known.logical_not(), 0);

  const auto coordinates = [&](int64_t axis, int64_t count) {
    const double last = static_cast<double>(image.size(1 + axis) - 1);
    const at::Tensor low = boxes.slice(1, axis, axis + 1), high = boxes.slice(1, axis + 2, axis + 3);
    if (count <= 1) return ((low + high) * (0.5 * last)).expand({-1, count});
    return low * last + at::arange(count, options) * ((high - low) * last / static_cast<double>(count - 1));
  };
  const at::Tensor y = coordinates(0, call.integer(0)).unsqueeze(2);
  const at::Tensor x = coordinates(1, call.integer(1)).unsqueeze(1);
  const at::Tensor fill = at::full({}, call.number(0), image.options());
  const at::Tensor inside = (y >= 0)
                                .logical_and(y <= image.size(1) - 1)
                                .logical_and(x >= 0)
                                .logical_and(x <= image.size(2) - 1)
                                .unsqueeze(-1);

  at::Tensor crops;
  if (call.flag(2)) {
    crops = pixels(image, batch, rounded(y), rounded(x), fill);
  } else {
    const at::Tensor top = at::floor(y), bottom = at::ceil(y), left = at::floor(x), right = at::ceil(x);
    const at::Tensor across = (x - left).unsqueeze(-1).to(at::kFloat);
    const at::Tensor down = (y - top).unsqueeze(-1).to(at::kFloat);
    const auto row = [&](const at::Tensor& at) {
      const at::Tensor from = pixels(image, batch, at, left, fill);
      return from + (pixels(image, batch, at, right, fill) - from) * across;
    };
    const at::Tensor upper = row(top);
    crops = upper + (row(bottom) - upper) * down;
  }
  crops = at::where(inside, crops, fill);
  call.out(at::where(known.unsqueeze(-1), crops, at::zeros({}, image.options())));
}

/// image, transforms [1 or batch, 8] [fillValue] {height, width, bilinear, fillMode}
PL_OPERATION(transform) {
  const at::Tensor& image = call.tensor(0);
  check_images(image);
  const at::TensorOptions options = coordinate_options(call);
  const at::Tensor transforms = call.tensor(1).to(options.dtype());
  TORCH_CHECK(transforms.dim() == 2 && transforms.size(1) == 8 &&
                  (transforms.size(0) == 1 || transforms.size(0) == image.size(0)),
              "transforms must be [1 or batch, 8]");
  const auto mode = static_cast<FillMode>(call.integer(3));
  const at::Tensor out_y = at::arange(call.integer(0), options).view({1, -1, 1});
  const at::Tensor out_x = at::arange(call.integer(1), options).view({1, 1, -1});
  const auto parameter = [&](int64_t i) { return transforms.select(1, i).view({-1, 1, 1}); };
  const at::Tensor projection = parameter(6) * out_x + parameter(7) * out_y + 1;
  const auto projected = [&](int64_t i, int64_t length) {
    return mapped((parameter(i) * out_x + parameter(i + 1) * out_y + parameter(i + 2)) / projection, length, mode);
  };
  const at::Tensor x = projected(0, image.size(2));
  const at::Tensor y = projected(3, image.size(1));
  const at::Tensor batch = batch_numbers(image);

  at::Tensor result;
  if (!call.flag(2)) {
    result = pixels(image, batch, rounded(y), rounded(x), at::full({}, call.number(0), image.options()));
  } else {
    const at::Tensor real = image.to(options.dtype());
    const at::Tensor fill = at::full({}, call.number(0), options);
    const at::Tensor top = at::floor(y), left = at::floor(x);
    const at::Tensor down = (y - top).unsqueeze(-1), across = (x - left).unsqueeze(-1);
    const auto row = [&](const at::Tensor& at) {
      return (1 - across) * pixels(real, batch, at, left, fill) + across * pixels(real, batch, at, left + 1, fill);
    };
    result = (1 - down) * row(top) + down * row(top + 1);
  }
  const at::Tensor fill = at::full({}, call.number(0), result.options());
  call.out(at::where(projection.eq(0).unsqueeze(-1), fill, result).to(image.scalar_type()));
}

/// image [radians, centerX, centerY, ...fill of each channel]
PL_OPERATION(rotate) {
  const at::Tensor& image = call.tensor(0);
  check_images(image);
  const at::TensorOptions options = coordinate_options(call);
  const double sine = std::sin(call.number(0)), cosine = std::cos(call.number(0));
  const double center_x = call.number(1), center_y = call.number(2);
  std::vector<double> values;
  for (int64_t channel = 0; channel < image.size(3); ++channel) values.push_back(call.number(3 + channel));
  const at::Tensor fill = at::tensor(values).to(image.device(), image.scalar_type());
  const at::Tensor x = at::arange(image.size(2), options).view({1, 1, -1}) - center_x;
  const at::Tensor y = at::arange(image.size(1), options).view({1, -1, 1}) - center_y;
  const at::Tensor from_x = rounded(x * cosine - y * sine + center_x);
  const at::Tensor from_y = rounded(x * sine + y * cosine + center_y);
  call.out(pixels(image, batch_numbers(image), from_y, from_x, fill));
}

}  // namespace pl
