#pragma once

#include <limits>

#include "../call.h"

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

/// The first of the indices outside [0, size), if there is one. On a GPU this waits for the device.
inline c10::optional<int64_t> first_outside(const at::Tensor& indices, int64_t size) {
  // What is fine needs no copy to the host.
  if (!indices.is_cpu() && !at::logical_or(indices.lt(0), indices.ge(size)).any().item<bool>()) return c10::nullopt;
  const at::Tensor host = indices.to(at::kCPU, at::kInt).contiguous();
  const int32_t* values = host.data_ptr<int32_t>();
  for (int64_t i = 0; i < host.numel(); ++i) {
    if (values[i] < 0 || values[i] >= size) return values[i];
  }
  return c10::nullopt;
}

/// An array that indices of several axes point into, as a matrix: a row is what one index means.
struct Rows {
  /// [indices], int64: the row of each index.
  at::Tensor numbers;
  int64_t count;
  int64_t width;
};

/// Makes row numbers of indices […, rank] into an array of this shape. They are checked and computed on the host.
/// @throws c10::Error for an index outside of the array
inline Rows rows_of(const at::Tensor& indices, int64_t rank, at::IntArrayRef shape) {
  TORCH_CHECK(rank <= static_cast<int64_t>(shape.size()), "indices of ", rank, " axes do not fit an array of shape ",
              shape);
  Rows rows{{}, 1, 1};
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    (static_cast<int64_t>(axis) < rank ? rows.count : rows.width) *= shape[axis];
  }
  int64_t points = 1;
  for (int64_t axis = 0; axis + 1 < indices.dim(); ++axis) points *= indices.size(axis);
  if (indices.dim() < 2 && rank == 1) points = indices.numel();
  const at::Tensor host = indices.to(at::kCPU, at::kInt).contiguous();
  TORCH_CHECK(host.numel() == points * rank, "indices of shape ", indices.sizes(), " do not consist of ", rank, " each");
  const at::Tensor numbers = at::empty({points}, at::kLong);
  const int32_t* index = host.data_ptr<int32_t>();
  int64_t* number = numbers.data_ptr<int64_t>();
  for (int64_t i = 0; i < points; ++i, index += rank) {
    number[i] = 0;
    for (int64_t axis = 0; axis < rank; ++axis) {
      TORCH_CHECK(0 <= index[axis] && index[axis] < shape[axis], "Invalid indices: ", at::IntArrayRef(Ints(index, index + rank)),
                  " does not index into ", shape);
      number[i] = number[i] * shape[axis] + index[axis];
    }
  }
  rows.numbers = numbers.to(indices.device());
  return rows;
}

}  // namespace pl
