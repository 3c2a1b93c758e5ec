#pragma once

#include <ATen/ATen.h>

namespace pl {

inline bool integral(const at::Tensor& x) { return at::isIntegralType(x.scalar_type(), /*includeBool=*/true); }

/// Numbers as exact as the device has them: MPS has no float64.
inline at::Tensor as_exact(const at::Tensor& x) { return x.to(x.device().type() == at::kMPS ? at::kFloat : at::kDouble); }

/// Integers as numbers with a fraction.
inline at::Tensor as_real(const at::Tensor& x) { return integral(x) ? as_exact(x) : x; }

/// What JavaScript stores of numbers in the array of a type: an integer loses its fraction and wraps to 32 bits, what is
/// not finite is 0; a bool is whether anything is left.
inline at::Tensor stored_as(const at::Tensor& x, at::ScalarType type) {
  if (!x.is_floating_point() || x.scalar_type() == type) return x.to(type);
  if (type == at::kInt) return at::nan_to_num(at::fmod(x, 4294967296.0), 0).to(at::kLong).to(at::kInt);
  if (type == at::kBool) return at::trunc(at::nan_to_num(x, 0, 0, 0)).ne(0);
  return x.to(type);
}

}  // namespace pl
