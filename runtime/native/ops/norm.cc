/// Normalizations. Backward passes give only the gradients that were asked for: {x, weight, bias} as flags.
#include "../call.h"

namespace pl {

namespace {

std::array<bool, 3> asked(Call& call, int first) {
  return {call.flag(first), call.flag(first + 1), call.flag(first + 2)};
}

template <typename Gradients>
void out_asked(Call& call, const std::array<bool, 3>& wanted, Gradients&& gradients) {
  if (wanted[0]) call.out(std::get<0>(gradients));
  if (wanted[1]) call.out(std::get<1>(gradients));
  if (wanted[2]) call.out(std::get<2>(gradients));
}

/// The last dimensions of x, as many as weight has.
at::IntArrayRef last_sizes(const at::Tensor& x, int64_t count) { return x.sizes().slice(x.dim() - count); }

/// Sums away all but the last dimensions.
at::Tensor sum_over_rows(const at::Tensor& x, int64_t kept) {
  const at::IntArrayRef shape = last_sizes(x, kept);
  return x.reshape({-1, c10::multiply_integers(shape)}).sum(0).reshape(shape);
}

/// [batch, ..., channels] as ATen's [batch, channels, positions, 1], a view in the layout that it calls channels-last.
at::Tensor channels_second(const at::Tensor& x, int64_t batch) {
  const int64_t channels = x.size(-1);
  const int64_t positions = x.numel() == 0 ? 0 : x.numel() / (batch * channels);
  return x.reshape({batch, positions, 1, channels}).permute({0, 3, 1, 2});
}

at::Tensor channels_last(const at::Tensor& x, at::IntArrayRef shape) {
  return x.permute({0, 2, 3, 1}).reshape(shape);
}

/// For ATen's group norm, which takes any layout for the plain one: in older versions' backward pass, and on GPUs.
at::Tensor planar(const at::Tensor& x) { return channels_second(x, x.size(0)).contiguous(); }

}  // namespace

/// x, weight?, bias? [eps] {normalized dimensions} → y, mean, inverse deviation
PL_OPERATION(layer_norm) {
  const at::Tensor x = call.tensor(0).contiguous();
  const auto results = at::native_layer_norm(x, last_sizes(x, call.integer(0)), call.optional(1), call.optional(2),
                                             call.number(0));
  call.out(std::get<0>(results));
  call.out(std::get<1>(results));
  call.out(std::get<2>(results));
}

/// dy, x, mean, inverse deviation, weight? {normalized dimensions, flags}
PL_OPERATION(layer_norm_backward) {
  const at::Tensor dy = call.tensor(0).contiguous();
  const at::Tensor x = call.tensor(1).contiguous();
  const at::IntArrayRef shape = last_sizes(x, call.integer(0));
  const std::array<bool, 3> wanted = asked(call, 1);
  const c10::optional<at::Tensor> weight = call.optional(4);
  // Of the bias ATen asks for the shape only.
  const at::Tensor bias = weight ? *weight : at::empty(shape, x.options());
  out_asked(call, wanted,
            at::native_layer_norm_backward(dy, x, shape, call.tensor(2), call.tensor(3), weight, bias, wanted));
}

/// x, weight? [eps] {normalized dimensions} → y, inverse root. Older ATen has none of its own.
PL_OPERATION(rms_norm) {
  const at::Tensor& x = call.tensor(0);
  const int64_t kept = call.integer(0);
  const at::Tensor rows = x.reshape({-1, c10::multiply_integers(last_sizes(x, kept))});
  const at::Tensor inverse_root = at::mul(rows, rows).mean(1, true).add_(call.number(0)).rsqrt_();
  at::Tensor y = at::mul(rows, inverse_root).reshape(x.sizes());
  if (call.has(1)) y.mul_(call.tensor(1));
  call.out(y);
  call.out(inverse_root);
}

/// dy, x, inverse root, weight? {normalized dimensions, flags of x and weight}
PL_OPERATION(rms_norm_backward) {
  const at::Tensor& dy = call.tensor(0);
  const at::Tensor& x = call.tensor(1);
  const at::Tensor& inverse_root = call.tensor(2);
  const int64_t kept = call.integer(0);
  const Ints rows = {-1, c10::multiply_integers(last_sizes(x, kept))};
  const at::Tensor normalized = x.reshape(rows).mul(inverse_root);
  if (call.flag(1)) {
    const at::Tensor on_normalized = (call.has(3) ? dy * call.tensor(3) : dy).reshape(rows);
    const at::Tensor along = at::mul(on_normalized, normalized).mean(1, true);
    call.out(at::addcmul(on_normalized, normalized, along, -1).mul_(inverse_root).reshape(x.sizes()));
  }
  if (call.flag(2)) call.out(sum_over_rows(dy * normalized.reshape(x.sizes()), kept));
}

/// x [batch, ..., channels], weight?, bias? [eps] {groups} → y, mean, inverse deviation
PL_OPERATION(group_norm) {
  const at::Tensor& x = call.tensor(0);
  const bool takes_layout = x.device().is_cpu();
  const at::Tensor planes = takes_layout ? channels_second(x, x.size(0)) : planar(x);
  const auto results = at::native_group_norm(planes, call.optional(1), call.optional(2), planes.size(0), planes.size(1),
                                             planes.size(2), call.integer(0), call.number(0));
  call.out(channels_last(std::get<0>(results), x.sizes()));
  call.out(std::get<1>(results));
  call.out(std::get<2>(results));
}

/// dy, x, mean, inverse deviation, weight? {groups, flags}
PL_OPERATION(group_norm_backward) {
  const at::Tensor& x = call.tensor(1);
  const at::Tensor planes = planar(x);
  const at::Tensor dy = planar(call.tensor(0));
  const c10::optional<at::Tensor> weight = call.optional(4);
  const std::array<bool, 3> wanted = asked(call, 1);
  // ATen sums for the bias only beside a weight.
  const std::array<bool, 3> mask = {wanted[0], wanted[1], wanted[2] && weight};
  auto gradients = at::native_group_norm_backward(dy, planes, call.tensor(2), call.tensor(3), weight, planes.size(0),
                                                  planes.size(1), planes.size(2), call.integer(0), mask);
  if (wanted[0]) std::get<0>(gradients) = channels_last(std::get<0>(gradients), x.sizes());
  if (wanted[2] && !weight) std::get<2>(gradients) = sum_over_rows(call.tensor(0), 1);
  out_asked(call, wanted, gradients);
}

/// x [..., channels], weight?, bias?, running mean?, running variance? [momentum, eps] → y, mean, inverse deviation,
/// and the new running mean and variance. The old ones stay: they may have other holders.
PL_OPERATION(batch_norm) {
  const at::Tensor& x = call.tensor(0);
  const bool keeps_running = call.has(3) || call.has(4);
  c10::optional<at::Tensor> running_mean;
  c10::optional<at::Tensor> running_variance;
  if (keeps_running) {
    // ATen updates both or none.
    running_mean = call.has(3) ? call.tensor(3).clone() : at::zeros({x.size(-1)}, x.options());
    running_variance = call.has(4) ? call.tensor(4).clone() : at::zeros({x.size(-1)}, x.options());
  }
  const auto results = at::native_batch_norm(channels_second(x, 1), call.optional(1), call.optional(2), running_mean,
                                             running_variance, /*training=*/true, call.number(0), call.number(1));
  call.out(channels_last(std::get<0>(results), x.sizes()));
  call.out(std::get<1>(results));
  call.out(std::get<2>(results));
  if (keeps_running) {
    call.out(*running_mean);
    call.out(*running_variance);
  }
}

/// dy, x, mean, inverse deviation, weight? [eps] {flags}
PL_OPERATION(batch_norm_backward) {
  const at::Tensor& x = call.tensor(1);
  const std::array<bool, 3> wanted = asked(call, 0);
  auto gradients = at::native_batch_norm_backward(channels_second(call.tensor(0), 1), channels_second(x, 1),
                                                  call.optional(4), c10::nullopt, c10::nullopt, call.tensor(2),
                                                  call.tensor(3), /*train=*/true, call.number(0), wanted);
  if (wanted[0]) std::get<0>(gradients) = channels_last(std::get<0>(gradients), x.sizes());
  out_asked(call, wanted, gradients);
}

}  // namespace pl
