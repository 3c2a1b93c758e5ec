#pragma once

#include <ATen/ATen.h>

#include <limits>

namespace pl {

/// No index of 32 bits.
constexpr int64_t kNoMarker = std::numeric_limits<int64_t>::min();

/// Looks for indices outside of 0 … size - 1 that are not `marker`. Only on the CPU: elsewhere looking would wait for
/// the device, whose own kernels stop at such an index.
/// @throws c10::Error with the index and its place; JavaScript knows it by `is not within`
inline void check_indices(const char* what, const at::Tensor& indices, int64_t size, int64_t marker = kNoMarker) {
  if (!indices.device().is_cpu()) return;
  const at::Tensor flat = indices.contiguous();
  const int32_t* values = flat.data_ptr<int32_t>();
  for (int64_t i = 0; i < flat.numel(); ++i) {
    const int32_t index = values[i];
    if (index >= 0 && index < size) continue;
    TORCH_CHECK(index == marker, what, " ", index, " at position ", i, " is not within 0 to ", size - 1);
  }
}

}  // namespace pl
