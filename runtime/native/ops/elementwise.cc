/// Operations on each element by itself, with broadcasting where there are two operands.
#include <algorithm>
#include <cmath>

#include "../call.h"
#include "integers.h"

namespace pl {

#define PL_UNARY(policy, name, expression) \
  PL_OPERATION_WITH(policy, name) {        \
    const at::Tensor& x = call.tensor(0);  \
    call.out(expression);                  \
  }

PL_UNARY(kAsGiven, ceil, integral(x) ? x : at::ceil(x))
PL_UNARY(kAsGiven, floor, integral(x) ? x : at::floor(x))
PL_UNARY(kAsGiven, round, integral(x) ? x : at::round(x))
PL_UNARY(kAsGiven, is_finite, at::isfinite(x))
PL_UNARY(kAsGiven, is_inf, at::isinf(x))
PL_UNARY(kAsGiven, is_nan, at::isnan(x))
PL_UNARY(kAsGiven, logical_not, at::logical_not(x))
PL_UNARY(kFloat32, exp, at::exp(x))
PL_UNARY(kFloat32, square, at::mul(x, x))
PL_UNARY(kFloat32, real, at::real(x))
PL_UNARY(kFloat32, imag, x.is_complex() ? at::imag(x) : at::zeros_like(x))

/// A bool is as it is: true is 1, and -1 is true.
#define PL_SIGNED_UNARY(name, expression) PL_UNARY(kAsGiven, name, x.scalar_type() == at::kBool ? x : expression)

PL_SIGNED_UNARY(abs, at::abs(x))
PL_SIGNED_UNARY(neg, at::neg(x))
PL_SIGNED_UNARY(relu, at::relu(x))
PL_SIGNED_UNARY(relu6, at::clamp(x, 0, 6))
PL_SIGNED_UNARY(sign, at::sign(x))

/// Functions of real numbers. Their type stays, so that integers lose the fraction of the result.
#define PL_REAL_UNARY_WITH(policy, name) \
  PL_UNARY(policy, name, integral(x) ? stored_as(at::name(as_real(x)), x.scalar_type()) : at::name(x))
#define PL_REAL_UNARY(name) PL_REAL_UNARY_WITH(kFloat32, name)
#define PL_ACTIVATION(name) PL_REAL_UNARY_WITH(kAsGiven, name)

PL_REAL_UNARY(acos)
PL_REAL_UNARY(acosh)
PL_REAL_UNARY(asin)
PL_REAL_UNARY(asinh)
PL_REAL_UNARY(atan)
PL_REAL_UNARY(atanh)
PL_REAL_UNARY(cos)
PL_REAL_UNARY(cosh)
PL_ACTIVATION(elu)
PL_REAL_UNARY(erf)
PL_REAL_UNARY(expm1)
PL_REAL_UNARY(log)
PL_REAL_UNARY(log1p)
PL_REAL_UNARY(reciprocal)
PL_REAL_UNARY(rsqrt)
PL_ACTIVATION(selu)
PL_ACTIVATION(sigmoid)
PL_REAL_UNARY(sin)
PL_REAL_UNARY(sinh)
PL_REAL_UNARY(softplus)
PL_REAL_UNARY(sqrt)
PL_REAL_UNARY(tan)
PL_ACTIVATION(tanh)

/// [alpha]: 1 above 0, alpha below, NaN stays NaN.
PL_OPERATION_AS_GIVEN(step) {
  const at::Tensor& x = call.tensor(0);
  const bool real = x.is_floating_point();
  const double alpha = real ? call.number(0) : std::trunc(call.number(0));
  const at::Tensor steps = at::where(x > 0, at::ones({}, x.options()), at::full({}, alpha, x.options()));
  call.out(real ? at::where(at::isnan(x), x, steps) : steps);
}

/// [alpha]: always real numbers.
PL_OPERATION_AS_GIVEN(leaky_relu) {
  const at::Tensor& x = call.tensor(0);
  call.out(at::leaky_relu(integral(x) ? x.to(at::kFloat) : x, call.number(0)));
}

/// [min, max]
PL_OPERATION_AS_GIVEN(clip) {
  const at::Tensor& x = call.tensor(0);
  call.out(stored_as(at::clamp(as_real(x), call.number(0), call.number(1)), x.scalar_type()));
}

/// {type}
PL_OPERATION(cast) {
  const at::Tensor& x = call.tensor(0);
  const at::ScalarType type = call.type(0);
  const at::Tensor& real = x.is_complex() && type != at::kComplexFloat ? at::real(x) : x;
  call.out(type == at::kBool ? real.to(type) : stored_as(real, type));
}

#define PL_BINARY(policy, name, expression) \
  PL_OPERATION_WITH(policy, name) {         \
    const at::Tensor& a = call.tensor(0);   \
    const at::Tensor& b = call.tensor(1);   \
    call.out(expression);                   \
  }

/// Whether b is added along one axis of a and must not widen it: the bias of a layer, which libtorch adds within the
/// product or the convolution, in 16 bits.
static bool is_bias_of(const at::Tensor& a, const at::Tensor& b) {
  if (!is_16_bit(a.scalar_type()) || b.scalar_type() != at::kFloat || b.dim() > a.dim()) return false;
  const int64_t size = b.numel();
  return size < a.numel() && std::find(b.sizes().begin(), b.sizes().end(), size) != b.sizes().end();
}

static at::Tensor sum_of(const at::Tensor& a, const at::Tensor& b) {
  if (is_bias_of(a, b)) return at::add(a, b.to(a.scalar_type()));
  if (is_bias_of(b, a)) return at::add(a.to(b.scalar_type()), b);
  return at::add(a, b);
}

#define PL_EACH(name) PL_BINARY(kAsGiven, name, at::name(a, b))

PL_BINARY(kAsGiven, add, sum_of(a, b))
PL_EACH(mul)
PL_EACH(maximum)
PL_EACH(minimum)
PL_EACH(bitwise_and)
PL_EACH(logical_and)
PL_EACH(logical_or)
PL_EACH(logical_xor)
PL_BINARY(kAsGiven, equal, at::eq(a, b))
PL_BINARY(kAsGiven, not_equal, at::ne(a, b))
PL_BINARY(kAsGiven, greater, at::gt(a, b))
PL_BINARY(kAsGiven, greater_equal, at::ge(a, b))
PL_BINARY(kAsGiven, less, at::lt(a, b))
PL_BINARY(kAsGiven, less_equal, at::le(a, b))
PL_BINARY(kFloat32, complex, at::complex(a.contiguous(), b.contiguous()))
PL_BINARY(kAsGiven, sub, at::result_type(a, b) == at::kBool ? at::logical_xor(a, b) : at::sub(a, b))

/// A function of two real numbers. Two integers have an integer as their result, computed so that dividing by zero or
/// dividing the smallest integer by -1, which stops a processor, is as in JavaScript.
template <typename Function>
static at::Tensor of_reals(const at::Tensor& a, const at::Tensor& b, Function function) {
  const at::ScalarType type = at::result_type(a, b);
  return at::isIntegralType(type, true) ? stored_as(function(as_real(a), as_real(b)), type) : function(a, b);
}

static at::Tensor divided(const at::Tensor& a, const at::Tensor& b) { return at::div(a, b); }
static at::Tensor power(const at::Tensor& a, const at::Tensor& b) { return at::pow(a, b); }
static at::Tensor angle(const at::Tensor& a, const at::Tensor& b) { return at::atan2(a, b); }

PL_BINARY(kAsGiven, div, of_reals(a, b, divided))
PL_BINARY(kFloat32, pow, of_reals(a, b, power))
PL_BINARY(kFloat32, atan2, of_reals(a, b, angle))
PL_BINARY(kFloat32, floor_div, stored_as(at::floor(at::div(as_exact(a), as_exact(b))), at::kInt))

/// The sign of the result is that of b.
PL_OPERATION(mod) {
  const at::ScalarType type = at::result_type(call.tensor(0), call.tensor(1));
  const at::Tensor a = as_exact(call.tensor(0));
  const at::Tensor b = as_exact(call.tensor(1));
  const at::Tensor remainder = at::fmod(a, b);
  const at::Tensor same_sign = at::eq(at::lt(a, 0), at::lt(b, 0));
  call.out(stored_as(at::where(same_sign, remainder, at::fmod(remainder + b, b)), type));
}

/// x, alpha: always real numbers.
PL_OPERATION(prelu) {
  const at::Tensor x = call.tensor(0).to(at::kFloat);
  call.out(at::where(x < 0, at::mul(call.tensor(1), x), x));
}

PL_OPERATION(squared_difference) {
  const at::Tensor& a = call.tensor(0);
  const at::Tensor& b = call.tensor(1);
  if (at::result_type(a, b) == at::kBool) {
    call.out(at::logical_xor(a, b));
  } else {
    const at::Tensor difference = at::sub(a, b);
    call.out(at::mul(difference, difference));
  }
}

/// dy, y: the gradient of elu.
PL_OPERATION_AS_GIVEN(elu_grad) {
  const at::Tensor& y = call.tensor(1);
  const at::Tensor dy = call.tensor(0).to(y.scalar_type());
  call.out(at::where(y >= 0, dy, dy * (y + 1)));
}

/// condition, a, b
PL_OPERATION_AS_GIVEN(select) {
  const at::Tensor& condition = call.tensor(0);
  const at::Tensor& a = call.tensor(1);
  // A condition of rank 1 chooses among slices.
  if (condition.dim() == 1 && a.dim() > 1) {
    Ints shape(a.dim(), 1);
    shape[0] = condition.size(0);
    call.out(at::where(condition.to(at::kBool).reshape(shape), a, call.tensor(2)));
  } else {
    call.out(at::where(condition.to(at::kBool), a, call.tensor(2)));
  }
}

PL_OPERATION_AS_GIVEN(add_n) {
  at::Tensor sum = at::add(call.tensor(0), call.tensor(1));
  for (int i = 2; i < call.tensors(); ++i) sum = at::add(sum, call.tensor(i));
  call.out(sum);
}

}  // namespace pl
