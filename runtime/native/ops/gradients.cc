/// What happens to gradients between the backward pass and the optimizer's step: over all of them at once, in place.
#include <cmath>

#include "../call.h"

namespace pl {

namespace {

/// All tensors of the call, for writing in place.
std::vector<at::Tensor> writable(Call& call) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(call.tensors());
  for (int i = 0; i < call.tensors(); ++i) tensors.push_back(call.writable(i));
  return tensors;
}

/// The p-norm of all elements of all tensors, as a vector.
double total_norm(const std::vector<at::Tensor>& tensors, double p) {
  std::vector<at::Tensor> filled;
  for (const at::Tensor& tensor : tensors) {
    if (tensor.numel() > 0) filled.push_back(tensor);
  }
  if (filled.empty()) return 0;
  std::vector<at::Tensor> norms;
  if (std::isinf(p)) {
    // No norm of lists for this one in older versions.
    for (const at::Tensor& tensor : filled) norms.push_back(at::linalg_vector_norm(tensor, p));
  } else {
    norms = at::_foreach_norm(filled, p);
  }
  return at::linalg_vector_norm(at::stack(norms), p).item<double>();
}

}  // namespace

/// tensors [p → norm]
PL_OPERATION(total_norm) { call.set_number(0, total_norm(call.list(0, call.tensors()), call.number(0))); }

/// gradients [p → norm before, maxNorm]: scales all by the same factor, so that their common norm is at most maxNorm.
PL_OPERATION(clip_grad_norm) {
  const double norm = total_norm(call.list(0, call.tensors()), call.number(0));
  // Not std::min: a norm that is no number makes every gradient one.
  const double factor = call.number(1) / (norm + 1e-6);
  if (!(factor >= 1)) at::_foreach_mul_(writable(call), factor);
  call.set_number(0, norm);
}

/// gradients [limit]: every element into -limit … limit.
PL_OPERATION(clip_grad_value) {
  const double limit = call.number(0);
  for (at::Tensor& gradient : writable(call)) gradient.clamp_(-limit, limit);
}

/// sum, addend: adds to the first in place.
PL_OPERATION(accumulate) { call.writable(0).add_(call.tensor(1)); }

/// gradients: float32 from now on.
PL_OPERATION(widen) { writable(call); }

/// gradients [factor → whether every element was finite before]: multiplies all by the factor.
PL_OPERATION(unscale) {
  const std::vector<at::Tensor> gradients = writable(call);
  bool finite = true;
  if (call.device.is_cuda()) {
    at::Tensor found_infinite = at::zeros({1}, call.options(at::kFloat));
    const at::Tensor factor = at::full({1}, call.number(0), call.options(at::kFloat));
    at::_amp_foreach_non_finite_check_and_unscale_(gradients, found_infinite, factor);
    finite = found_infinite.item<float>() == 0;
  } else {
    // Not everywhere does libtorch have it in one pass. A sum of zeros is NaN where one is inf - inf.
    at::Tensor differences = at::zeros({}, call.options(at::kFloat));
    for (const at::Tensor& gradient : gradients) differences.add_(at::sub(gradient, gradient).sum());
    finite = differences.item<float>() == 0;
    at::_foreach_mul_(gradients, call.number(0));
  }
  call.set_number(0, finite);
}

/// variables {whether bfloat16}: keeps them in 16 bits from now on.
PL_OPERATION_AS_GIVEN(keep_in_16_bits) {
  for (int i = 0; i < call.tensors(); ++i) {
    call.replace(i, call.tensor(i).to(call.flag(0) ? at::kBFloat16 : at::kHalf));
  }
}

}  // namespace pl
