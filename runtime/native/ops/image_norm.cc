/// Normalizations that tfjs has for images: by given moments, and by neighbouring channels.
#include "../call.h"

namespace pl {

namespace {

at::Tensor as_real(const at::Tensor& x) { return x.is_floating_point() ? x : x.to(at::kFloat); }

/// For each channel the sum over the channels at most `radius` away.
at::Tensor sum_of_neighbours(const at::Tensor& x, int64_t radius) {
  const at::Tensor rows = x.reshape({1, -1, 1, x.size(-1)});
  return at::avg_pool2d(rows, {1, 2 * radius + 1}, {1, 1}, {0, radius}, /*ceil_mode=*/false, /*count_include_pad=*/true,
                        /*divisor_override=*/1)
      .view(x.sizes());
}

/// [bias, alpha, beta] {depthRadius}
at::Tensor response(Call& call, const at::Tensor& x) {
  return sum_of_neighbours(x.square(), call.integer(0)).mul_(call.number(1)).add_(call.number(0));
}

}  // namespace

/// x, mean, variance, offset?, scale? [varianceEpsilon]: moments that broadcast over x.
PL_OPERATION(batch_norm_by_moments) {
  const at::Tensor x = as_real(call.tensor(0));
  at::Tensor factor = at::rsqrt(as_real(call.tensor(2)) + call.number(0));
  if (call.has(4)) factor = factor * call.tensor(4);
  const at::Tensor shift = at::mul(call.tensor(1), factor);
  call.out(at::addcmul(call.has(3) ? call.tensor(3) - shift : -shift, x, factor));
}

/// x [bias, alpha, beta] {depthRadius}
PL_OPERATION(local_response_norm) {
  const at::Tensor x = as_real(call.tensor(0));
  if (x.numel() == 0) return call.out(x);
  call.out(response(call, x).pow_(-call.number(2)).mul_(x));
}

/// dy, x, y [bias, alpha, beta] {depthRadius}
PL_OPERATION(local_response_norm_grad) {
  const at::Tensor dy = as_real(call.tensor(0));
  const at::Tensor x = as_real(call.tensor(1));
  if (x.numel() == 0) return call.out(dy);
  const double alpha = call.number(1), beta = call.number(2);
  const at::Tensor norm = response(call, x);
  const at::Tensor shared = sum_of_neighbours(dy * call.tensor(2) / norm, call.integer(0));
  call.out(at::addcmul(dy * at::pow(norm, -beta), x, shared, -2 * alpha * beta));
}

}  // namespace pl
