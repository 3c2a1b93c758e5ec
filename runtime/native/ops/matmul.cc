/// Matrix products.
#include "../call.h"
#include "activation.h"

namespace pl {

namespace {

/// Both operands of rank 3, a batch of 1 broadcasts.
at::Tensor product(const at::Tensor& a, const at::Tensor& b, bool transpose_a, bool transpose_b) {
  const at::Tensor left = transpose_a ? a.transpose(-2, -1) : a;
  const at::Tensor right = transpose_b ? b.transpose(-2, -1) : b;
  TORCH_CHECK(left.size(-1) == right.size(-2), "the inner dimensions ", left.size(-1), " and ", right.size(-2),
              " must be equal");
  return at::matmul(left, right);
}

}  // namespace

/// a, b {transposeA, transposeB}
PL_OPERATION(matmul) {
  const at::Tensor& a = call.tensor(0);
  const at::Tensor& b = call.tensor(1);
  // ATen has no product of integers on every device.
  if (at::isIntegralType(a.scalar_type(), true)) {
    const at::Tensor result = product(a.to(at::kDouble), b.to(at::kDouble), call.flag(0), call.flag(1));
    call.out(result.to(at::kInt));
  } else {
    call.out(product(a, b, call.flag(0), call.flag(1)));
  }
}

/// a, b, bias?, preluWeights? [leakyReluAlpha] {transposeA, transposeB, activation}
PL_OPERATION(fused_matmul) {
  at::Tensor result = product(call.tensor(0), call.tensor(1), call.flag(0), call.flag(1));
  if (call.has(2)) result = result.add_(call.tensor(2));
  call.out(activate_(std::move(result), call.integer(2), call.optional(3), call.number(0)));
}

}  // namespace pl
