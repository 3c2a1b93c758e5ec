/// Scaled dot-product attention, of products and softmax: ATen's fused versions differ from release to release, and
/// none takes the project's dropout masks.
#include "dropout.h"

namespace pl {

namespace {

/// [..., rows, columns] as [batch, rows, columns].
at::Tensor batched(const at::Tensor& x) {
  const int64_t rows = x.size(-2);
  const int64_t columns = x.size(-1);
  const int64_t batch = c10::multiply_integers(x.sizes().slice(0, x.dim() - 2));
  return x.reshape({batch, rows, columns});
}

/// The leading dimensions of `like`, then [rows, columns].
at::Tensor unbatched(const at::Tensor& x, const at::Tensor& like) {
  Ints shape(like.sizes().begin(), like.sizes().end() - 2);
  shape.push_back(x.size(1));
  shape.push_back(x.size(2));
  return x.view(shape);
}

/// As `batched`, times a factor; never a view.
at::Tensor batched(const at::Tensor& x, double factor) {
  at::Tensor result = batched(x);
  return result.is_alias_of(x) ? result * factor : result.mul_(factor);
}

/// 0 up to the diagonal, -infinity above it.
at::Tensor causal_bias(int64_t queries, int64_t keys, const at::TensorOptions& options) {
  return at::full({queries, keys}, -std::numeric_limits<double>::infinity(), options).triu_(1);
}

}  // namespace

/// query, key, value, mask? (added, or bool: true where a query may look) [scale, p, ...state → state] {causal} →
/// result; for the backward pass: query, scaled, key and value as [batch, rows, columns], the weights, and with p > 0 their
/// factors
PL_OPERATION_IN_16_BITS(attention) {
  const at::Tensor& query = call.tensor(0);
  const at::Tensor q = batched(query, call.number(0));
  const at::Tensor k = batched(call.tensor(1));
  const at::Tensor v = batched(call.tensor(2));
  const at::Tensor scores = at::bmm(q, k.transpose(1, 2));
  if (call.flag(0)) scores.add_(causal_bias(q.size(1), k.size(1), q.options()));
  if (call.has(3)) {
    const at::Tensor& mask = call.tensor(3);
    const at::Tensor spread = unbatched(scores, query);
    if (mask.scalar_type() == at::kBool) {
      spread.masked_fill_(mask.logical_not(), -std::numeric_limits<double>::infinity());
    } else {
      spread.add_(mask);
    }
  }
  const at::Tensor weights = at::_softmax(scores, -1, false);
  const double p = call.number(1);
  at::Tensor factors;
  if (p > 0) factors = dropout_mask(call, weights.sizes(), p, 2).to(weights.scalar_type());
  call.out(unbatched(at::bmm(p > 0 ? weights * factors : weights, v), query));
  call.out(q);
  call.out(k);
  call.out(v);
  call.out(weights);
  if (p > 0) call.out(factors);
}

/// dy, then what the forward pass left: query, key, value, weights, factors? [scale] {flags: query, key, value, mask;
/// ...the mask's shape} → the gradients that were asked for
PL_OPERATION_IN_16_BITS(attention_backward) {
  const at::Tensor& dy = call.tensor(0);
  const at::Tensor d_out = batched(dy);
  const at::Tensor& q = call.tensor(1);
  const at::Tensor& k = call.tensor(2);
  const at::Tensor& v = call.tensor(3);
  const at::Tensor& weights = call.tensor(4);
  at::Tensor d_scores;
  if (call.flag(0) || call.flag(1) || call.flag(3)) {
    at::Tensor d_weights = at::bmm(d_out, v.transpose(1, 2));
    if (call.has(5)) d_weights.mul_(call.tensor(5));
    d_scores = at::_softmax_backward_data(d_weights, weights, -1, weights.scalar_type());
  }
  if (call.flag(0)) call.out(unbatched(at::bmm(d_scores, k).mul_(call.number(0)), dy));
  if (call.flag(1)) call.out(unbatched(at::bmm(d_scores.transpose(1, 2), q), dy));
  if (call.flag(2)) {
    const at::Tensor used = call.has(5) ? weights * call.tensor(5) : weights;
    call.out(unbatched(at::bmm(used.transpose(1, 2), d_out), dy));
  }
  if (call.flag(3)) call.out(unbatched(d_scores, dy).sum_to_size(call.integers(4)));
}

}  // namespace pl
