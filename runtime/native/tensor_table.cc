#include "tensor_table.h"

#include <stdexcept>
#include <utility>

namespace pl {

namespace {

constexpr uint32_t kIndexBits = 24;
constexpr uint32_t kIndexMask = (1u << kIndexBits) - 1;
constexpr uint32_t kGenerations = 1u << 7;

}  // namespace

// Index 0 stays vacant, so that no handle is 0.
TensorTable::TensorTable() : slots_(1) {}

Handle TensorTable::add(at::Tensor tensor, at::Tensor aux) {
  uint32_t index;
  if (vacant_.empty()) {
    index = static_cast<uint32_t>(slots_.size());
    if (index > kIndexMask) throw std::length_error("more than 16 million tensors are alive");
    slots_.emplace_back();
  } else {
    index = vacant_.back();
    vacant_.pop_back();
  }
  count(tensor, true);
  Slot& slot = slots_[index];
  slot.tensor = std::move(tensor);
  slot.aux = std::move(aux);
  ++size_;
  return static_cast<Handle>(slot.generation << kIndexBits | index);
}

void TensorTable::replace(Handle handle, at::Tensor tensor) {
  Slot& target = slot(handle);
  count(target.tensor, false);
  target.tensor = at::Tensor();
  count(tensor, true);
  target.tensor = std::move(tensor);
  target.aux = at::Tensor();
}

void TensorTable::free(Handle handle) {
  const uint32_t index = static_cast<uint32_t>(handle) & kIndexMask;
  if (index == 0 || index >= slots_.size()) return;
  Slot& slot = slots_[index];
  if (slot.generation != static_cast<uint32_t>(handle) >> kIndexBits || !slot.tensor.defined()) return;
  count(slot.tensor, false);
  slot.tensor = at::Tensor();
  slot.aux = at::Tensor();
  slot.generation = (slot.generation + 1) % kGenerations;
  vacant_.push_back(index);
  --size_;
}

TensorTable::Slot& TensorTable::slot(Handle handle) {
  const uint32_t index = static_cast<uint32_t>(handle) & kIndexMask;
  if (index != 0 && index < slots_.size()) {
    Slot& slot = slots_[index];
    if (slot.generation == static_cast<uint32_t>(handle) >> kIndexBits && slot.tensor.defined()) return slot;
  }
  throw std::invalid_argument("a tensor was used after it was disposed");
}

/// The first tensor on a storage brings its bytes, the last one takes them away. Called before `tensor` enters its
/// slot and before it leaves it, so that in both cases a storage of one use is this tensor's alone.
void TensorTable::count(const at::Tensor& tensor, bool adds) {
  if (!tensor.has_storage()) return;
  const c10::Storage& storage = tensor.storage();
  if (storage.use_count() != 1) return;
  const auto bytes = static_cast<int64_t>(storage.nbytes());
  bytes_ += adds ? bytes : -bytes;
  if (bytes_ > peak_bytes_) peak_bytes_ = bytes_;
}

}  // namespace pl
