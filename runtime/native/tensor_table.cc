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

Handle TensorTable::add(at::Tensor tensor, Aux aux) {
  uint32_t index;
  if (vacant_.empty()) {
    index = static_cast<uint32_t>(slots_.size());
    if (index > kIndexMask) throw std::length_error("more than 16 million tensors are alive");
    slots_.emplace_back();
  } else {
    index = vacant_.back();
    vacant_.pop_back();
  }
  enter(tensor);
  Slot& slot = slots_[index];
  slot.tensor = std::move(tensor);
  slot.aux = std::move(aux);
  ++size_;
  return static_cast<Handle>(slot.generation << kIndexBits | index);
}

void TensorTable::replace(Handle handle, at::Tensor tensor) {
  Slot& target = slot(handle);
  leave(target.tensor);
  leave(target.cast);
  enter(tensor);
  target.tensor = std::move(tensor);
  target.aux = Aux();
  target.cast = at::Tensor();
}

const at::Tensor& TensorTable::cast(Handle handle, at::ScalarType type) {
  Slot& target = slot(handle);
  if (!target.cast.defined() || target.cast.scalar_type() != type) {
    leave(target.cast);
    target.cast = target.tensor.to(type);
    enter(target.cast);
  }
  return target.cast;
}

void TensorTable::forget_cast(Handle handle) {
  Slot& target = slot(handle);
  leave(target.cast);
  target.cast = at::Tensor();
}

void TensorTable::free(Handle handle) {
  const uint32_t index = static_cast<uint32_t>(handle) & kIndexMask;
  if (index == 0 || index >= slots_.size()) return;
  Slot& slot = slots_[index];
  if (slot.generation != static_cast<uint32_t>(handle) >> kIndexBits || !slot.tensor.defined()) return;
  leave(slot.tensor);
  leave(slot.cast);
  slot.tensor = at::Tensor();
  slot.aux = Aux();
  slot.cast = at::Tensor();
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

bool TensorTable::alone(Handle handle) {
  const at::Tensor& tensor = at(handle);
  if (!tensor.has_storage()) return false;
  const auto use = uses_.find(tensor.storage().unsafeGetStorageImpl());
  return use != uses_.end() && use->second == 1;
}

/// The first tensor on a storage brings its bytes.
void TensorTable::enter(const at::Tensor& tensor) {
  if (!tensor.defined() || !tensor.has_storage()) return;
  const c10::Storage& storage = tensor.storage();
  if (++uses_[storage.unsafeGetStorageImpl()] > 1) return;
  bytes_ += static_cast<int64_t>(storage.nbytes());
  if (bytes_ > peak_bytes_) peak_bytes_ = bytes_;
}

/// The last one takes them away.
void TensorTable::leave(const at::Tensor& tensor) {
  if (!tensor.defined() || !tensor.has_storage()) return;
  const c10::Storage& storage = tensor.storage();
  const auto use = uses_.find(storage.unsafeGetStorageImpl());
  if (--use->second > 0) return;
  uses_.erase(use);
  bytes_ -= static_cast<int64_t>(storage.nbytes());
}

}  // namespace pl
