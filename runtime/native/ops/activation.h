#pragma once

#include <ATen/ATen.h>

namespace pl {

/// The activations that tfjs fuses into other operations, as JavaScript numbers them.
enum class Activation : int64_t { kLinear, kRelu, kRelu6, kElu, kSigmoid, kLeakyRelu, kPrelu, kTanh };

/// Applies the activation to a tensor that nobody else has.
inline at::Tensor activate_(at::Tensor x, int64_t activation, const c10::optional<at::Tensor>& prelu_weights,
                            double leaky_relu_alpha) {
  switch (static_cast<Activation>(activation)) {
    case Activation::kLinear:
      return x;
    case Activation::kRelu:
      return x.relu_();
    case Activation::kRelu6:
      return x.clamp_(0, 6);
    case Activation::kElu:
      return at::elu_(x);
    case Activation::kSigmoid:
      return x.sigmoid_();
    case Activation::kLeakyRelu:
      return at::leaky_relu_(x, leaky_relu_alpha);
    case Activation::kPrelu:
      return at::where(x < 0, at::mul(x, prelu_weights.value()), x);
    case Activation::kTanh:
      return x.tanh_();
  }
  TORCH_CHECK(false, "activation ", activation, " does not exist");
}

}  // namespace pl
