/// Matrix products.
#include "../call.h"
#include "activation.h"
#include "integers.h"

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
PL_OPERATION_IN_16_BITS(matmul) {
  const at::Tensor& a = call.tensor(0);
  const at::Tensor& b = call.tensor(1);
  // ATen has no product of integers on every device.
  call.out(stored_as(product(as_real(a), as_real(b), call.flag(0), call.flag(1)), a.scalar_type()));
}

/// a, b, bias?, preluWeights? [leakyReluAlpha] {transposeA, transposeB, activation}
PL_OPERATION_IN_16_BITS(fused_matmul) {
  at::Tensor result = product(call.tensor(0), call.tensor(1), call.flag(0), call.flag(1));
  if (call.has(2)) result = result.add_(call.tensor(2));
  call.out(activate_(std::move(result), call.integer(2), call.optional(3), call.number(0)));
}

/// operands {...characters of the equation}
PL_OPERATION_IN_16_BITS(einsum) {
  std::string equation;
  for (const int64_t character : call.integers(0)) equation.push_back(static_cast<char>(character));
  std::vector<at::Tensor> operands = call.list(0, call.tensors());
  at::ScalarType type = operands.front().scalar_type();
  for (const at::Tensor& operand : operands) type = c10::promoteTypes(type, operand.scalar_type());
  for (at::Tensor& operand : operands) operand = as_real(operand.to(type));
  const at::Tensor result = at::einsum(equation, operands);
  call.out(stored_as(result, type == at::kBool ? at::kInt : type));
}

}  // namespace pl
