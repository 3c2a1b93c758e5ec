/// Choosing boxes that overlap little. Each choice depends on those before, so it is made on the CPU.
#include <algorithm>
#include <cmath>
#include <queue>

#include "../call.h"

namespace pl {

namespace {

struct Candidate {
  double score;
  int64_t box;
  /// The chosen boxes from here on have not reduced its score yet.
  size_t unseen;

  /// Of two with one score the first box comes first.
  bool operator<(const Candidate& other) const {
    return score < other.score || (score == other.score && box > other.box);
  }
};

/// Intersection over union of two boxes, each given by two opposite corners.
double overlap(const float* a, const float* b) {
  const auto low = [](const float* box, int axis) { return static_cast<double>(std::min(box[axis], box[axis + 2])); };
  const auto high = [](const float* box, int axis) { return static_cast<double>(std::max(box[axis], box[axis + 2])); };
  const double area_a = (high(a, 0) - low(a, 0)) * (high(a, 1) - low(a, 1));
  const double area_b = (high(b, 0) - low(b, 0)) * (high(b, 1) - low(b, 1));
  if (area_a <= 0 || area_b <= 0) return 0;
  double intersection = 1;
  for (int axis = 0; axis < 2; ++axis) {
    intersection *= std::max(std::min(high(a, axis), high(b, axis)) - std::max(low(a, axis), low(b, axis)), 0.0);
  }
  return intersection / (area_a + area_b - intersection);
}

}  // namespace

/// boxes [n, 4], scores [n] [iouThreshold, scoreThreshold, softNmsSigma] {maxOutputSize, pads, wantsScores, wantsCount}
///
/// With a sigma a box that overlaps a chosen one loses score instead of its chance: soft non-maximum suppression
/// (Bodla et al. 2017), as in TensorFlow's non_max_suppression_op.cc.
PL_OPERATION(non_max_suppression) {
  const at::Tensor boxes = call.tensor(0).to(at::kCPU, at::kFloat).contiguous();
  const at::Tensor scores = call.tensor(1).to(at::kCPU, at::kFloat).contiguous();
  TORCH_CHECK(boxes.dim() == 2 && boxes.size(1) == 4 && scores.dim() == 1 && scores.size(0) == boxes.size(0),
              "boxes must be [n, 4] and scores [n]");
  const double iou_threshold = call.number(0), score_threshold = call.number(1), sigma = call.number(2);
  const double scale = sigma > 0 ? -0.5 / sigma : 0;
  const auto limit = static_cast<size_t>(std::max<int64_t>(call.integer(0), 0));
  const float* corners = boxes.data_ptr<float>();
  const float* score = scores.data_ptr<float>();

  std::priority_queue<Candidate> candidates;
  for (int64_t box = 0; box < boxes.size(0); ++box) {
    if (score[box] > score_threshold) candidates.push({score[box], box, 0});
  }
  std::vector<int32_t> chosen;
  std::vector<float> chosen_scores;
  while (chosen.size() < limit && !candidates.empty()) {
    Candidate candidate = candidates.top();
    candidates.pop();
    const double before = candidate.score;
    bool dropped = false;
    // Boxes that overlap tend to have scores that are near: the last ones first.
    for (size_t i = chosen.size(); i > candidate.unseen && !dropped; --i) {
      const double iou = overlap(corners + 4 * candidate.box, corners + 4 * chosen[i - 1]);
      if (iou >= iou_threshold) {
        dropped = true;
      } else {
        candidate.score *= std::exp(scale * iou * iou);
        if (candidate.score <= score_threshold) break;
      }
    }
    candidate.unseen = chosen.size();
    if (dropped) continue;
    if (candidate.score == before) {
      chosen.push_back(static_cast<int32_t>(candidate.box));
      chosen_scores.push_back(static_cast<float>(candidate.score));
    } else if (candidate.score > score_threshold) {
      candidates.push(candidate);
    }
  }
  const auto count = static_cast<int32_t>(chosen.size());
  if (call.flag(1)) {
    chosen.resize(limit, 0);
    chosen_scores.resize(limit, 0);
  }
  call.out(at::tensor(chosen, at::TensorOptions().dtype(at::kInt)).to(call.device));
  if (call.flag(2)) call.out(at::tensor(chosen_scores, at::TensorOptions().dtype(at::kFloat)).to(call.device));
  if (call.flag(3)) call.out(at::full({}, count, call.options(at::kInt)));
}

}  // namespace pl
