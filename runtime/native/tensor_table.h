#pragma once

#include <ATen/ATen.h>
#include <c10/util/flat_hash_map.h>

#include <cstdint>
#include <deque>
#include <vector>

namespace pl {

/// A number that stands for a tensor in JavaScript: 24 bits of index, 7 bits of generation. Never 0.
using Handle = int32_t;

/// What an operation leaves with its result, to find it again in the backward pass.
struct Aux {
  /// Undefined if there is nothing.
  at::Tensor tensor;
  /// What its values stay below, where they are indices.
  int64_t bound = 0;
};

/// The tensors that JavaScript holds. A handle that was freed is never taken for the tensor that has its place now.
class TensorTable {
 public:
  TensorTable();

  /// `aux` travels with the tensor.
  Handle add(at::Tensor tensor, Aux aux = {});

  /// @throws std::invalid_argument for a handle that was freed or never was
  at::Tensor& at(Handle handle) { return slot(handle).tensor; }
  const Aux& aux(Handle handle) { return slot(handle).aux; }

  /// Puts another tensor behind the handle.
  void replace(Handle handle, at::Tensor tensor);

  /// The tensor in another type, kept until the tensor is written or freed: weights are cast once for a forward and a
  /// backward pass. `forget_cast` must come before writing in place.
  const at::Tensor& cast(Handle handle, at::ScalarType type);
  void forget_cast(Handle handle);

  /// Does nothing for a handle that was freed before.
  void free(Handle handle);

  /// Whether no other handle sees the tensor's memory, so that it may be written in place.
  bool alone(Handle handle);

  /// Bytes of all storages that tensors of this table keep alive.
  int64_t bytes() const { return bytes_; }
  int64_t peak_bytes() const { return peak_bytes_; }
  void reset_peak() { peak_bytes_ = bytes_; }
  int64_t size() const { return size_; }

 private:
  struct Slot {
    at::Tensor tensor;
    Aux aux;
    at::Tensor cast;
    uint32_t generation = 0;
  };

  Slot& slot(Handle handle);
  void enter(const at::Tensor& tensor);
  void leave(const at::Tensor& tensor);

  /// Its elements stay where they are when it grows: an operation holds references to its operands while it adds results.
  std::deque<Slot> slots_;
  std::vector<uint32_t> vacant_;
  /// How many tensors of the table use a storage.
  ska::flat_hash_map<const c10::StorageImpl*, int32_t> uses_;
  int64_t bytes_ = 0;
  int64_t peak_bytes_ = 0;
  int64_t size_ = 0;
};

}  // namespace pl
