#include "dropout.h"

#include <cmath>

namespace pl {

namespace {

uint32_t rotated(uint32_t x, int bits) { return x << bits | x >> (32 - bits); }

/// xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018), as the project's
/// `Generator`.
struct Xoshiro128 {
  uint32_t s0, s1, s2, s3;

  uint32_t next() {
    const uint32_t result = rotated(s1 * 5, 7) * 9;
    const uint32_t shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = rotated(s3, 11);
    return result;
  }
};

}  // namespace

at::Tensor dropout_mask(Call& call, at::IntArrayRef shape, double p, int state) {
  const auto word = [&](int i) { return static_cast<uint32_t>(call.number(state + i)); };
  Xoshiro128 generator{word(0), word(1), word(2), word(3)};
  at::Tensor mask = at::empty(shape, at::TensorOptions().dtype(at::kFloat));
  float* values = mask.data_ptr<float>();
  const auto threshold = static_cast<uint64_t>(std::ceil(p * 4294967296.0));
  // Looked up rather than branched on: a branch that goes either way at random costs more than the draw.
  const float factors[] = {0, static_cast<float>(1 / (1 - p))};
  const int64_t count = mask.numel();
  for (int64_t i = 0; i < count; ++i) values[i] = factors[generator.next() >= threshold];
  call.set_number(state, generator.s0);
  call.set_number(state + 1, generator.s1);
  call.set_number(state + 2, generator.s2);
  call.set_number(state + 3, generator.s3);
  return call.device.is_cpu() ? mask : mask.to(call.device);
}

/// x [p, ...state → state] → y, mask
PL_OPERATION_AS_GIVEN(dropout) {
  const at::Tensor& x = call.tensor(0);
  const at::Tensor mask = dropout_mask(call, x.sizes(), call.number(0), 1);
  // In 16 bits, 1 / (1 - p) is off by up to 0.4 %.
  call.out(at::mul(x, mask).to(x.scalar_type()));
  call.out(mask);
}

}  // namespace pl
