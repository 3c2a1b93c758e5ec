/// Optimizer steps: all parameters in one call, parameters and state in place. The tensors of a call are, parameter by
/// parameter: the parameter, its gradient, its state tensors, of which some may be missing. {tensors per parameter}
/// The numbers are as many per parameter; `runtime/src/optim` works them out and has the same arithmetic in TypeScript,
/// with the sources of the methods.
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "../call.h"

// Vector instructions for the loops below, also where the compiler's level would not take them.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3", "no-math-errno", "no-trapping-math")
#endif

namespace pl {

namespace {

/// One parameter's part of a call.
class Update {
 public:
  Update(Call& call, int first, const double* numbers) : call_(call), first_(first), numbers_(numbers) {}

  /// The parameter for computing its new value in float32; `keep_param` stores that.
  at::Tensor& param() {
    at::Tensor& kept = call_.writable_as_kept(first_);
    if (!is_16_bit(kept.scalar_type())) return kept;
    if (!wide_param_.defined()) wide_param_ = kept.to(at::kFloat);
    return wide_param_;
  }
  void keep_param() {
    if (wide_param_.defined()) call_.writable_as_kept(first_).copy_(wide_param_);
  }
  const at::Tensor& grad() { return call_.tensor(first_ + 1); }
  bool has(int slot) { return call_.has(first_ + 2 + slot); }
  at::Tensor& state(int slot) { return call_.writable(first_ + 2 + slot); }
  double number(int i) const { return numbers_[i]; }

  /// `sign * grad + penalty * param`, the gradient itself where that is the same.
  at::Tensor direction(double sign, double penalty) {
    const at::Tensor& g = grad();
    if (penalty == 0) return sign == 1 ? g : at::neg(g);
    return at::add(sign == 1 ? g : at::neg(g), param(), penalty);
  }

  /// Whether the parameter's memory is floats in this process's reach.
  bool on_host() { return call_.device.is_cpu() && param().scalar_type() == at::kFloat; }
  /// The gradient as consecutive floats, or as bfloat16, which `over_elements` makes floats of.
  at::Tensor host_grad() {
    const at::Tensor& own = call_.kept(first_ + 1);
    return (own.scalar_type() == at::kBFloat16 ? own : grad()).contiguous();
  }

 private:
  Call& call_;
  const int first_;
  const double* numbers_;
  /// Of a parameter that is kept in 16 bits.
  at::Tensor wide_param_;
};

template <typename Body>
void for_each_update(Call& call, int numbers, Body body) {
  const int per_param = static_cast<int>(call.integer(0));
  const int params = call.tensors() / per_param;
  TORCH_CHECK(call.floats() == params * numbers, "wanted ", numbers, " numbers for each of ", params,
              " parameters, got ", call.floats());
  for (int i = 0; i < params; ++i) {
    Update update(call, i * per_param, call.number_data() + i * numbers);
    body(update);
    update.keep_param();
  }
}

float* data(at::Tensor& tensor) { return static_cast<float*>(tensor.data_ptr()); }

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__linux__)
#define PL_VECTOR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define PL_VECTOR_CLONES
#endif

/// A bfloat16 is the upper half of a float.
PL_VECTOR_CLONES
void widen(const uint16_t* __restrict from, float* __restrict to, int64_t size) {
  auto* bits = reinterpret_cast<uint32_t*>(to);
  for (int64_t i = 0; i < size; ++i) bits[i] = static_cast<uint32_t>(from[i]) << 16;
}

/// Runs a loop over elements on ATen's threads: loop(from, their gradients, how many).
template <typename Loop>
void over_elements(const at::Tensor& grad, Loop loop) {
  const void* data = grad.data_ptr();
  const bool narrow = grad.scalar_type() == at::kBFloat16;
  at::parallel_for(0, grad.numel(), 1 << 15, [=](int64_t from, int64_t to) {
    if (!narrow) return loop(from, static_cast<const float*>(data) + from, to - from);
    // Piece by piece, in the cache.
    constexpr int64_t kPiece = 2048;
    float piece[kPiece];
    for (; from < to; from += kPiece) {
      const int64_t size = std::min(kPiece, to - from);
      widen(static_cast<const uint16_t*>(data) + from, piece, size);
      loop(from, piece, size);
    }
  });
}

PL_VECTOR_CLONES
void adam_loop(float* __restrict p, const float* __restrict g, float* __restrict m, float* __restrict v, int64_t size,
               float sign, float shrink, float penalty, float take1, float beta2, float take2, float eps, float step_size) {
  for (int64_t i = 0; i < size; ++i) {
    const float shrunk = p[i] * shrink;
    const float grad = sign * g[i] + penalty * shrunk;
    const float average = m[i] + take1 * (grad - m[i]);
    const float average_sq = beta2 * v[i] + take2 * grad * grad;
    m[i] = average;
    v[i] = average_sq;
    p[i] = shrunk - step_size * average / (std::sqrt(average_sq) + eps);
  }
}

PL_VECTOR_CLONES
void sgd_loop(float* __restrict p, const float* __restrict g, int64_t size, float sign, float penalty, float lr) {
  for (int64_t i = 0; i < size; ++i) p[i] -= lr * (sign * g[i] + penalty * p[i]);
}

PL_VECTOR_CLONES
void momentum_loop(float* __restrict p, const float* __restrict g, float* __restrict b, int64_t size, float sign,
                   float penalty, float keep, float take, float on_grad, float on_buffer) {
  for (int64_t i = 0; i < size; ++i) {
    const float grad = sign * g[i] + penalty * p[i];
    const float buffer = keep * b[i] + take * grad;
    b[i] = buffer;
    p[i] -= on_buffer * buffer + on_grad * grad;
  }
}

}  // namespace

/// momentum buffer? [sign, weightDecay, lr, keep, take, onGrad, onBuffer]
PL_OPERATION(sgd_step) {
  for_each_update(call, 7, [](Update& update) {
    const double sign = update.number(0), penalty = update.number(1), lr = update.number(2);
    const double keep = update.number(3), take = update.number(4);
    const double on_grad = update.number(5), on_buffer = update.number(6);
    const bool buffered = update.has(0) && on_buffer != 0;
    if (update.on_host()) {
      const at::Tensor grad = update.host_grad();
      float* p = data(update.param());
      float* b = buffered ? data(update.state(0)) : nullptr;
      over_elements(grad, [=](int64_t from, const float* g, int64_t size) {
        if (b == nullptr) {
          sgd_loop(p + from, g, size, sign, penalty, lr);
        } else {
          momentum_loop(p + from, g, b + from, size, sign, penalty, keep, take, on_grad, on_buffer);
        }
      });
      return;
    }
    const at::Tensor g = update.direction(sign, penalty);
    if (buffered) {
      update.state(0).mul_(keep).add_(g, take);
      update.param().sub_(update.state(0), on_buffer);
    }
    if (on_grad != 0) update.param().sub_(g, on_grad);
  });
}

/// average, average of squares, largest average of squares? [sign, shrink, penalty, beta1, beta2, epsilon, stepSize,
/// amsgrad]
PL_OPERATION(adam_step) {
  for_each_update(call, 8, [](Update& update) {
    const double sign = update.number(0), shrink = update.number(1), penalty = update.number(2);
    const double beta1 = update.number(3), beta2 = update.number(4), eps = update.number(5);
    const double step_size = update.number(6);
    const bool amsgrad = update.number(7) != 0;
    if (update.on_host() && !amsgrad) {
      const at::Tensor grad = update.host_grad();
      float* p = data(update.param());
      float* m = data(update.state(0));
      float* v = data(update.state(1));
      over_elements(grad, [=](int64_t from, const float* g, int64_t size) {
        adam_loop(p + from, g, m + from, v + from, size, sign, shrink, penalty, 1 - beta1, beta2, 1 - beta2, eps,
                  step_size);
      });
      return;
    }
    if (shrink != 1) update.param().mul_(shrink);
    const at::Tensor g = update.direction(sign, penalty);
    update.state(0).lerp_(g, 1 - beta1);
    update.state(1).mul_(beta2).addcmul_(g, g, 1 - beta2);
    if (amsgrad) update.state(2).copy_(at::maximum(update.state(2), update.state(1)));
    const at::Tensor deviation = at::sqrt(update.state(amsgrad ? 2 : 1)).add_(eps);
    update.param().addcdiv_(update.state(0), deviation, -step_size);
  });
}

/// average of squares, of the steps' squares [sign, weightDecay, rho, eps, lr]
PL_OPERATION(adadelta_step) {
  for_each_update(call, 5, [](Update& update) {
    const double rho = update.number(2), eps = update.number(3);
    const at::Tensor g = update.direction(update.number(0), update.number(1));
    at::Tensor& average_sq = update.state(0).mul_(rho).addcmul_(g, g, 1 - rho);
    at::Tensor& delta_sq = update.state(1);
    const at::Tensor delta = at::sqrt(delta_sq + eps).div_(at::sqrt(average_sq + eps)).mul_(g);
    delta_sq.mul_(rho).addcmul_(delta, delta, 1 - rho);
    update.param().sub_(delta, update.number(4));
  });
}

/// sum of squares [sign, weightDecay, stepSize, eps]
PL_OPERATION(adagrad_step) {
  for_each_update(call, 4, [](Update& update) {
    const at::Tensor g = update.direction(update.number(0), update.number(1));
    const at::Tensor& sum = update.state(0).addcmul_(g, g);
    update.param().addcdiv_(g, at::sqrt(sum).add_(update.number(3)), -update.number(2));
  });
}

/// average, infinity norm [sign, weightDecay, beta1, beta2, eps, stepSize]
PL_OPERATION(adamax_step) {
  for_each_update(call, 6, [](Update& update) {
    const at::Tensor g = update.direction(update.number(0), update.number(1));
    update.state(0).lerp_(g, 1 - update.number(2));
    at::Tensor& norm = update.state(1).mul_(update.number(3));
    norm.copy_(at::maximum(norm, at::abs(g).add_(update.number(4))));
    update.param().addcdiv_(update.state(0), norm, -update.number(5));
  });
}

/// averaged parameter [sign, weightDecay, shrink, eta, mu]
PL_OPERATION(asgd_step) {
  for_each_update(call, 5, [](Update& update) {
    const at::Tensor g = update.direction(update.number(0), update.number(1));
    at::Tensor& param = update.param().mul_(update.number(2)).sub_(g, update.number(3));
    at::Tensor& averaged = update.state(0);
    averaged.add_(param - averaged, update.number(4));
  });
}

/// average, average of squares [sign, shrink, penalty, beta1, beta2, correction2, eps, onGrad, onAverage]
PL_OPERATION(nadam_step) {
  for_each_update(call, 9, [](Update& update) {
    if (update.number(1) != 1) update.param().mul_(update.number(1));
    const at::Tensor g = update.direction(update.number(0), update.number(2));
    const double beta2 = update.number(4);
    update.state(0).lerp_(g, 1 - update.number(3));
    const at::Tensor& average_sq = update.state(1).mul_(beta2).addcmul_(g, g, 1 - beta2);
    const at::Tensor deviation = at::div(average_sq, update.number(5)).sqrt_().add_(update.number(6));
    update.param().addcdiv_(g, deviation, -update.number(7)).addcdiv_(update.state(0), deviation, -update.number(8));
  });
}

/// average, average of squares [sign, shrink, penalty, beta1, beta2, eps, stepSize, rectification]
PL_OPERATION(radam_step) {
  for_each_update(call, 8, [](Update& update) {
    if (update.number(1) != 1) update.param().mul_(update.number(1));
    const at::Tensor g = update.direction(update.number(0), update.number(2));
    const double beta2 = update.number(4), step_size = update.number(6), rectification = update.number(7);
    update.state(0).lerp_(g, 1 - update.number(3));
    const at::Tensor& average_sq = update.state(1).mul_(beta2).addcmul_(g, g, 1 - beta2);
    if (rectification == 0) {
      update.param().sub_(update.state(0), step_size);
    } else {
      const at::Tensor deviation = at::sqrt(average_sq).add_(update.number(5));
      update.param().addcdiv_(update.state(0), deviation, -step_size * rectification);
    }
  });
}

/// average of squares, momentum buffer?, average? [sign, weightDecay, alpha, eps, momentum, centered, lr]
PL_OPERATION(rmsprop_step) {
  for_each_update(call, 7, [](Update& update) {
    const at::Tensor g = update.direction(update.number(0), update.number(1));
    const double alpha = update.number(2), momentum = update.number(4), lr = update.number(6);
    at::Tensor variance = update.state(0).mul_(alpha).addcmul_(g, g, 1 - alpha);
    if (update.number(5) != 0) {
      const at::Tensor& average = update.state(2).lerp_(g, 1 - alpha);
      variance = at::addcmul(variance, average, average, -1);
    }
    const at::Tensor deviation = at::sqrt(variance).add_(update.number(3));
    if (momentum > 0) {
      update.param().sub_(update.state(1).mul_(momentum).addcdiv_(g, deviation), lr);
    } else {
      update.param().addcdiv_(g, deviation, -lr);
    }
  });
}

/// previous gradient, step size [sign, less, more, smallest, largest]
PL_OPERATION(rprop_step) {
  for_each_update(call, 5, [](Update& update) {
    const at::Tensor g = update.direction(update.number(0), 0);
    at::Tensor& previous = update.state(0);
    at::Tensor& step_size = update.state(1);
    const at::Tensor agreement = at::sign(g * previous);
    const at::Tensor one = at::ones({}, g.options());
    const at::Tensor factor =
        at::where(agreement > 0, one * update.number(2), at::where(agreement < 0, one * update.number(1), one));
    step_size.mul_(factor).clamp_(update.number(3), update.number(4));
    previous.copy_(at::where(agreement < 0, at::zeros({}, g.options()), g));
    update.param().sub_(at::sign(previous) * step_size);
  });
}

}  // namespace pl
