/// Grayscale dilation: the largest sum of input and filter under the filter's window, and its gradients.
///
/// All operations end their integers with {strides, dilations, paddings before, numbers of windows}, two of each.
#include <limits>

#include "../call.h"

namespace pl {

namespace {

/// One position after the other of a filter [height, width, channels] over x [batch, height, width, channels].
struct Taps {
  explicit Taps(Call& call)
      : geometry(call.integers(0, 8)), filter(real(call.tensor(1))), height(filter.size(0)), width(filter.size(1)) {
    const at::Tensor& x = call.tensor(0);
    TORCH_CHECK(x.dim() == 4 && filter.dim() == 3 && x.size(3) == filter.size(2),
                "a dilation wants x [batch, height, width, channels] and filter [height, width, channels]");
    const int64_t after_rows = span(0) + (height - 1) * geometry[2] - x.size(1) - geometry[4];
    const int64_t after_columns = span(1) + (width - 1) * geometry[3] - x.size(2) - geometry[5];
    edges = Ints{0, 0, geometry[5], after_columns, geometry[4], after_rows};
    padded = at::constant_pad_nd(real(x), edges, -std::numeric_limits<double>::infinity());
  }

  static at::Tensor real(const at::Tensor& x) { return x.is_floating_point() ? x : x.to(at::kFloat); }

  int64_t count() const { return height * width; }

  /// What of a tensor with the padded input's shape lies under position `tap` of the filter.
  at::Tensor under(const at::Tensor& tensor, int64_t tap) const {
    const int64_t row = tap / width * geometry[2];
    const int64_t column = tap % width * geometry[3];
    return tensor.slice(1, row, row + span(0), geometry[0]).slice(2, column, column + span(1), geometry[1]);
  }

  at::Tensor sum(int64_t tap) const { return under(padded, tap) + filter[tap / width][tap % width]; }

  /// Which position has the largest sum: the first, where several have. NaN is never larger.
  at::Tensor largest() const {
    at::Tensor best = at::full_like(sum(0), -std::numeric_limits<double>::infinity());
    at::Tensor place = at::zeros_like(best, at::kInt);
    for (int64_t tap = 0; tap < count(); ++tap) {
      const at::Tensor value = sum(tap);
      const at::Tensor better = value > best;
      best = at::where(better, value, best);
      place.masked_fill_(better, tap);
    }
    return place;
  }

  const Ints geometry;
  const at::Tensor filter;
  const int64_t height;
  const int64_t width;
  Ints edges;
  at::Tensor padded;

 private:
  /// From the first to the last position that a tap takes along a spatial dimension.
  int64_t span(int i) const { return (geometry[6 + i] - 1) * geometry[i] + 1; }
};

void check_gradient(const at::Tensor& dy, const at::Tensor& place) {
  TORCH_CHECK(dy.sizes() == place.sizes(), "dy must have the shape of the result, ", place.sizes());
}

}  // namespace

/// x, filter {...}
PL_OPERATION(dilation2d) {
  const Taps taps(call);
  at::Tensor y = taps.sum(0);
  for (int64_t tap = 1; tap < taps.count(); ++tap) y = at::fmax(y, taps.sum(tap));
  call.out(y.to(call.tensor(0).scalar_type()));
}

/// x, filter, dy {...}
PL_OPERATION(dilation2d_grad_input) {
  const Taps taps(call);
  const at::Tensor dy = Taps::real(call.tensor(2));
  const at::Tensor place = taps.largest();
  check_gradient(dy, place);
  const at::Tensor dx = at::zeros_like(taps.padded);
  for (int64_t tap = 0; tap < taps.count(); ++tap) taps.under(dx, tap).add_(dy.masked_fill(place.ne(tap), 0));
  Ints back;
  for (const int64_t edge : taps.edges) back.push_back(-edge);
  call.out(at::constant_pad_nd(dx, back, 0).to(call.tensor(0).scalar_type()));
}

/// x, filter, dy {...}
PL_OPERATION(dilation2d_grad_filter) {
  const Taps taps(call);
  const at::Tensor dy = Taps::real(call.tensor(2));
  const at::Tensor place = taps.largest();
  check_gradient(dy, place);
  std::vector<at::Tensor> sums;
  for (int64_t tap = 0; tap < taps.count(); ++tap) {
    sums.push_back(at::sum(dy.masked_fill(place.ne(tap), 0), at::IntArrayRef{0, 1, 2}));
  }
  call.out(at::stack(sums).view(taps.filter.sizes()).to(call.tensor(1).scalar_type()));
}

}  // namespace pl
