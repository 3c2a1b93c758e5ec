/// Losses. Reductions are numbered as ATen does it: none, mean, sum.
#include "../call.h"
#include "indices.h"

namespace pl {

namespace {

/// What both passes of cross entropy are told: {ignoreIndex, reduction} [labelSmoothing].
struct CrossEntropy {
  explicit CrossEntropy(Call& call)
      : ignore_index(call.integer(0)), reduction(call.integer(1)), smoothing(call.number(0)) {}

  const int64_t ignore_index;
  const int64_t reduction;
  const double smoothing;
};

/// The labels as nll_loss wants them.
at::Tensor flat_labels(const at::Tensor& labels) { return labels.reshape({-1}).to(at::kLong); }

}  // namespace

/// logits [..., classes], labels [...], weight? [labelSmoothing] {ignoreIndex, reduction} → loss, the logarithms of the
/// probabilities [n, classes], the weights' sum over the labels
PL_OPERATION(cross_entropy) {
  const at::Tensor& logits = call.tensor(0);
  const CrossEntropy settings(call);
  const int64_t classes = logits.size(-1);
  check_indices("label", call.tensor(1), classes, settings.ignore_index);
  const at::Tensor labels = flat_labels(call.tensor(1));
  const c10::optional<at::Tensor> weight = call.optional(2);
  const at::Tensor log_probs = at::_log_softmax(logits.reshape({labels.size(0), classes}), 1, false);
  at::Tensor loss;
  at::Tensor total_weight;
  std::tie(loss, total_weight) =
      at::nll_loss_forward(log_probs, labels, weight, settings.reduction, settings.ignore_index);
  if (settings.smoothing > 0) {
    at::Tensor smooth = weight ? at::mv(log_probs, *weight).neg_() : log_probs.sum(1).neg_();
    smooth.masked_fill_(labels.eq(settings.ignore_index), 0);
    if (settings.reduction != at::Reduction::None) smooth = smooth.sum();
    if (settings.reduction == at::Reduction::Mean) smooth = smooth.div_(total_weight);
    loss = loss.mul_(1 - settings.smoothing).add_(smooth, settings.smoothing / classes);
  }
  call.out(settings.reduction == at::Reduction::None ? loss.reshape(call.tensor(1).sizes()) : loss);
  call.out(log_probs);
  call.out(total_weight);
}

/// dy, logarithms of the probabilities, labels, their weights' sum, weight? [labelSmoothing] {ignoreIndex, reduction,
/// ...the logits' shape}
PL_OPERATION(cross_entropy_backward) {
  const at::Tensor dy = call.tensor(0).dim() == 0 ? call.tensor(0) : call.tensor(0).reshape({-1});
  const at::Tensor& log_probs = call.tensor(1);
  const CrossEntropy settings(call);
  const at::Tensor labels = flat_labels(call.tensor(2));
  const at::Tensor& total_weight = call.tensor(3);
  const c10::optional<at::Tensor> weight = call.optional(4);
  const at::Tensor on_label = settings.smoothing > 0 ? dy * (1 - settings.smoothing) : dy;
  at::Tensor grad = at::nll_loss_backward(on_label, log_probs, labels, weight, settings.reduction,
                                          settings.ignore_index, total_weight);
  if (settings.smoothing > 0) {
    const at::Tensor reach = settings.reduction == at::Reduction::Mean ? dy / total_weight : dy;
    const at::Tensor counted = labels.ne(settings.ignore_index).to(log_probs.scalar_type());
    const at::Tensor on_each = counted.mul_(reach).mul_(-settings.smoothing / log_probs.size(1)).unsqueeze(1);
    grad.add_(weight ? on_each * *weight : on_each);
  }
  call.out(at::_log_softmax_backward_data(grad, log_probs, 1, log_probs.scalar_type()).reshape(call.integers(2)));
}

/// logits, targets, weight?, posWeight? {reduction}. With one exponential, where ATen's own takes two.
PL_OPERATION(binary_cross_entropy) {
  const at::Tensor& logits = call.tensor(0);
  const at::Tensor& targets = call.tensor(1);
  const at::Tensor tail = at::abs(logits).neg_().exp_().log1p_();
  at::Tensor losses;
  if (call.has(3)) {
    // What the logarithm of the positive class's probability counts.
    const at::Tensor share = (call.tensor(3) - 1).mul(targets).add_(1);
    losses = at::neg(logits).relu_().add_(tail).mul_(share).add_((1 - targets).mul_(logits));
  } else {
    losses = at::relu(logits).sub_(logits * targets).add_(tail);
  }
  if (call.has(2)) losses.mul_(call.tensor(2));
  const int64_t reduction = call.integer(0);
  call.out(reduction == at::Reduction::None ? losses
           : reduction == at::Reduction::Sum ? losses.sum()
                                             : losses.mean());
}

/// dy, logits, targets, weight?, posWeight? {reduction}. ATen's own is not public.
PL_OPERATION(binary_cross_entropy_backward) {
  const at::Tensor& logits = call.tensor(1);
  const at::Tensor& targets = call.tensor(2);
  at::Tensor grad = at::sigmoid(logits);
  if (call.has(4)) {
    const at::Tensor positive = call.tensor(4) * targets;
    grad = (positive + 1).sub_(targets).mul_(grad).sub_(positive);
  } else {
    grad.sub_(targets);
  }
  if (call.has(3)) grad.mul_(call.tensor(3));
  const at::Tensor& dy = call.tensor(0);
  call.out(grad.mul_(call.integer(0) == at::Reduction::Mean ? dy / logits.numel() : dy));
}

}  // namespace pl
