/// Operations on each element by itself, with broadcasting where there are two operands.
#include "../call.h"

namespace pl {

namespace {

/// What integers become where an operation is defined on real numbers only.
at::Tensor as_float(const at::Tensor& x) {
  return x.is_floating_point() || x.is_complex() ? x : x.to(at::kFloat);
}

bool integral(const at::Tensor& x) { return at::isIntegralType(x.scalar_type(), /*includeBool=*/true); }

}  // namespace

#define PL_UNARY(name, expression)          \
  PL_OPERATION(name) {                      \
    const at::Tensor& x = call.tensor(0);   \
    call.out(expression);                   \
  }

PL_UNARY(abs, at::abs(x))
PL_UNARY(acos, at::acos(as_float(x)))
PL_UNARY(acosh, at::acosh(as_float(x)))
PL_UNARY(asin, at::asin(as_float(x)))
PL_UNARY(asinh, at::asinh(as_float(x)))
PL_UNARY(atan, at::atan(as_float(x)))
PL_UNARY(atanh, at::atanh(as_float(x)))
PL_UNARY(ceil, integral(x) ? x : at::ceil(x))
PL_UNARY(cos, at::cos(as_float(x)))
PL_UNARY(cosh, at::cosh(as_float(x)))
PL_UNARY(erf, at::erf(as_float(x)))
PL_UNARY(exp, at::exp(as_float(x)))
PL_UNARY(expm1, at::expm1(as_float(x)))
PL_UNARY(floor, integral(x) ? x : at::floor(x))
PL_UNARY(is_finite, at::isfinite(x))
PL_UNARY(is_inf, at::isinf(x))
PL_UNARY(is_nan, at::isnan(x))
PL_UNARY(log, at::log(as_float(x)))
PL_UNARY(log1p, at::log1p(as_float(x)))
PL_UNARY(logical_not, at::logical_not(x))
PL_UNARY(neg, x.scalar_type() == at::kBool ? at::neg(x.to(at::kInt)) : at::neg(x))
PL_UNARY(reciprocal, at::reciprocal(as_float(x)))
PL_UNARY(relu, at::relu(x))
PL_UNARY(relu6, at::clamp(x, 0, 6))
PL_UNARY(round, integral(x) ? x : at::round(x))
PL_UNARY(rsqrt, at::rsqrt(as_float(x)))
PL_UNARY(selu, at::selu(as_float(x)))
PL_UNARY(elu, at::elu(as_float(x)))
PL_UNARY(sigmoid, at::sigmoid(as_float(x)))
PL_UNARY(sign, at::sign(x))
PL_UNARY(sin, at::sin(as_float(x)))
PL_UNARY(sinh, at::sinh(as_float(x)))
PL_UNARY(softplus, at::softplus(as_float(x)))
PL_UNARY(sqrt, at::sqrt(as_float(x)))
PL_UNARY(square, at::mul(x, x))
PL_UNARY(tan, at::tan(as_float(x)))
PL_UNARY(tanh, at::tanh(as_float(x)))

/// [alpha]: 1 above 0, alpha below, NaN stays NaN.
PL_OPERATION(step) {
  const at::Tensor& x = call.tensor(0);
  const at::Tensor steps = at::where(x > 0, at::ones({}, x.options()), at::full({}, call.number(0), x.options()));
  call.out(x.is_floating_point() ? at::where(at::isnan(x), x, steps) : steps);
}

/// [alpha]
PL_OPERATION(leaky_relu) { call.out(at::leaky_relu(as_float(call.tensor(0)), call.number(0))); }

/// [min, max]: integers stay integers.
PL_OPERATION(clip) {
  const at::Tensor& x = call.tensor(0);
  if (integral(x)) {
    call.out(at::clamp(x.to(at::kFloat), call.number(0), call.number(1)).to(x.scalar_type()));
  } else {
    call.out(at::clamp(x, call.number(0), call.number(1)));
  }
}

/// {type}
PL_OPERATION(cast) {
  const at::Tensor& x = call.tensor(0);
  const at::ScalarType type = call.type(0);
  if (x.is_complex() && type != at::kComplexFloat) {
    call.out(at::real(x).to(type));
  } else {
    call.out(x.to(type));
  }
}

#define PL_BINARY(name, expression)         \
  PL_OPERATION(name) {                      \
    const at::Tensor& a = call.tensor(0);   \
    const at::Tensor& b = call.tensor(1);   \
    call.out(expression);                   \
  }

PL_BINARY(add, at::add(a, b))
PL_BINARY(sub, a.scalar_type() == at::kBool ? at::sub(a.to(at::kInt), b) : at::sub(a, b))
PL_BINARY(mul, at::mul(a, b))
PL_BINARY(div, integral(a) && integral(b) ? at::div(a, b, "trunc") : at::div(a, b))
PL_BINARY(floor_div, at::div(as_float(a), as_float(b), "floor").to(integral(a) && integral(b) ? at::kInt : at::kFloat))
PL_BINARY(mod, at::remainder(a, b))
PL_BINARY(pow, at::pow(a, b))
PL_BINARY(maximum, at::maximum(a, b))
PL_BINARY(minimum, at::minimum(a, b))
PL_BINARY(atan2, at::atan2(as_float(a), as_float(b)))
PL_BINARY(bitwise_and, at::bitwise_and(a, b))
PL_BINARY(equal, at::eq(a, b))
PL_BINARY(not_equal, at::ne(a, b))
PL_BINARY(greater, at::gt(a, b))
PL_BINARY(greater_equal, at::ge(a, b))
PL_BINARY(less, at::lt(a, b))
PL_BINARY(less_equal, at::le(a, b))
PL_BINARY(logical_and, at::logical_and(a, b))
PL_BINARY(logical_or, at::logical_or(a, b))
PL_BINARY(logical_xor, at::logical_xor(a, b))
PL_BINARY(prelu, at::where(a < 0, at::mul(a, b), a))
PL_BINARY(complex, at::complex(a.contiguous(), b.contiguous()))

PL_OPERATION(squared_difference) {
  const at::Tensor difference = at::sub(call.tensor(0), call.tensor(1));
  call.out(at::mul(difference, difference));
}

/// dy, y: the gradient of elu.
PL_OPERATION(elu_grad) {
  const at::Tensor& dy = call.tensor(0);
  const at::Tensor& y = call.tensor(1);
  call.out(at::where(y >= 0, dy, dy * (y + 1)));
}

PL_UNARY(real, at::real(x))
PL_UNARY(imag, x.is_complex() ? at::imag(x) : at::zeros_like(x))

/// condition, a, b
PL_OPERATION(select) {
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

PL_OPERATION(add_n) {
  at::Tensor sum = at::add(call.tensor(0), call.tensor(1));
  for (int i = 2; i < call.tensors(); ++i) sum = at::add(sum, call.tensor(i));
  call.out(sum);
}

}  // namespace pl
