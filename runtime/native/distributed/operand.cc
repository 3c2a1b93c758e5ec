#ifdef USE_C10D_GLOO

#include "operand.h"

#include <c10/core/InferenceMode.h>

#include <utility>

namespace pl {

namespace {

/// Below this a message costs more than the copies that spare it.
constexpr int64_t kAlone = 1 << 20;

at::Tensor view_as(const at::Tensor& tensor, at::ScalarType type) {
  c10::InferenceMode normal(false);
  const auto options = tensor.options().dtype(type);
  const auto size = static_cast<int64_t>(tensor.nbytes() / c10::elementSize(type));
  if (size == 0) return at::empty({0}, options);
  // The tensor keeps its memory alive for as long as the view exists.
  return at::from_blob(
      tensor.data_ptr(), {size}, [tensor](void*) {}, options);
}

bool is_16_bit(at::ScalarType type) { return type == at::kHalf || type == at::kBFloat16; }

}  // namespace

at::Tensor alias_of(const at::Tensor& tensor) { return view_as(tensor, tensor.scalar_type()); }

void Operand::deliver() {
  c10::InferenceMode normal(false);
  if (place.scalar_type() == at::kBool && wire.scalar_type() != at::kBool) {
    view_as(place, at::kByte).copy_(wire.ne(0));
  } else if (wire.data_ptr() != place.data_ptr()) {
    const bool reinterpreted = wire.nbytes() == place.nbytes();
    (reinterpreted ? view_as(place, wire.scalar_type()) : place).copy_(wire);
  }
}

Operand moved(const at::Tensor& place, at::Device device) {
  c10::InferenceMode normal(false);
  at::Tensor bytes = view_as(place, at::kByte);
  return {place, bytes.device() == device ? bytes : bytes.to(device)};
}

Operand reduced(const at::Tensor& place, at::Device device) {
  c10::InferenceMode normal(false);
  at::Tensor wire = place;
  const at::ScalarType type = place.scalar_type();
  if (type == at::kBool) wire = view_as(place, at::kByte);
  if (type == at::kComplexFloat) wire = view_as(place, at::kFloat);
  if (wire.device() != device) wire = wire.to(device);
  if (is_16_bit(type) && device.is_cpu()) wire = wire.to(at::kFloat);
  return {place, wire};
}

Parcels::Parcels(std::vector<Operand> operands) : operands_(std::move(operands)) {
  c10::InferenceMode normal(false);
  std::vector<at::Tensor> small;
  for (size_t i = 0; i < operands_.size(); ++i) {
    const at::Tensor& wire = operands_[i].wire;
    if (static_cast<int64_t>(wire.nbytes()) >= kAlone) {
      tensors_.push_back(wire);
    } else if (wire.numel() > 0) {
      joined_.push_back(i);
      small.push_back(wire);
    }
  }
  if (small.size() == 1) joined_.clear();
  if (!small.empty()) tensors_.push_back(small.size() == 1 ? small[0] : at::cat(small));
}

void Parcels::deliver() {
  c10::InferenceMode normal(false);
  int64_t at = 0;
  for (const size_t i : joined_) {
    const int64_t size = operands_[i].wire.numel();
    operands_[i].wire = tensors_.back().narrow(0, at, size);
    at += size;
  }
  for (Operand& operand : operands_) {
    if (operand.wire.numel() > 0) operand.deliver();
  }
}

}  // namespace pl

#endif  // USE_C10D_GLOO
