#include "call.h"

#include <sstream>
#include <stdexcept>

namespace pl {

at::ScalarType scalar_type(int32_t dtype) {
  switch (static_cast<DType>(dtype)) {
    case DType::kFloat32:
      return at::kFloat;
    case DType::kInt32:
      return at::kInt;
    case DType::kBool:
      return at::kBool;
    case DType::kComplex64:
      return at::kComplexFloat;
  }
  throw std::invalid_argument("type " + std::to_string(dtype) + " does not exist");
}

DType dtype_of(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
    case at::kHalf:
    case at::kBFloat16:
      return DType::kFloat32;
    case at::kInt:
      return DType::kInt32;
    case at::kBool:
      return DType::kBool;
    case at::kComplexFloat:
      return DType::kComplex64;
    default:
      throw std::invalid_argument(std::string("tfjs has no type for ") + c10::toString(type));
  }
}

at::ScalarType Precision::operand(at::ScalarType own, CastPolicy policy) const {
  const bool half = is_16_bit(own);
  if (!half && (own != at::kFloat || !asked())) return own;
  switch (policy) {
    case CastPolicy::kFloat32:
      return at::kFloat;
    case CastPolicy::kAsGiven:
      return everywhere() ? type() : own;
    case CastPolicy::kLowerPrecision:
      return asked() ? type() : at::kFloat;
  }
  return own;
}

at::Tensor& Call::kept(int i) {
  at::Tensor& tensor = table_.at(handle(i));
  if (tensor.device() != device) table_.replace(handle(i), tensor.to(device));
  return tensor;
}

const at::Tensor& Call::tensor(int i) {
  const at::Tensor& tensor = kept(i);
  const at::ScalarType type = precision.operand(tensor.scalar_type(), policy_);
  if (type == tensor.scalar_type()) return tensor;
  if (is_16_bit(type)) return table_.cast(handle(i), type);
  if (casts_.empty()) casts_.resize(tensors_);
  if (!casts_[i].defined()) casts_[i] = tensor.to(type);
  return casts_[i];
}

at::Tensor& Call::own(int i, at::ScalarType type) {
  at::Tensor& tensor = kept(i);
  if (tensor.scalar_type() != type) {
    table_.replace(handle(i), tensor.to(type, /*non_blocking=*/false, /*copy=*/true, at::MemoryFormat::Contiguous));
  } else if (!tensor.is_contiguous() || !table_.alone(handle(i))) {
    table_.replace(handle(i), tensor.clone(at::MemoryFormat::Contiguous));
  } else {
    table_.forget_cast(handle(i));
  }
  return tensor;
}

at::Tensor& Call::writable(int i) {
  const at::ScalarType type = kept(i).scalar_type();
  return own(i, is_16_bit(type) ? at::kFloat : type);
}

at::Tensor& Call::writable_as_kept(int i) { return own(i, kept(i).scalar_type()); }

std::vector<at::Tensor> Call::list(int from, int count) {
  std::vector<at::Tensor> list;
  list.reserve(count);
  for (int i = from; i < from + count; ++i) list.push_back(tensor(i));
  return list;
}

Ints Call::integers(int from, int count) const {
  if (count < 0) count = ints_ - from;
  TORCH_CHECK(from + count <= ints_, "integers ", from, " to ", from + count, " are missing");
  const int32_t* first = exchange_.ints + 4 + tensors_ + from;
  return Ints(first, first + count);
}

void Call::out(at::Tensor result, Aux aux) {
  switch (result.scalar_type()) {
    case at::kDouble:
      result = result.to(at::kFloat);
      break;
    case at::kLong:
    case at::kByte:
    case at::kShort:
    case at::kChar:
      result = result.to(at::kInt);
      break;
    case at::kComplexDouble:
      result = result.to(at::kComplexFloat);
      break;
    case at::kFloat:
      if (precision.everywhere() && exchange_.out[0] == 0) result = result.to(precision.type());
      break;
    default:
      break;
  }
  int32_t* out = exchange_.out;
  const int64_t rank = result.dim();
  TORCH_CHECK(written_ + 3 + rank <= exchange_.out_capacity, "the operation has too many results");
  const DType dtype = dtype_of(result.scalar_type());
  out[written_ + 1] = static_cast<int32_t>(dtype);
  out[written_ + 2] = static_cast<int32_t>(rank);
  for (int64_t axis = 0; axis < rank; ++axis) {
    out[written_ + 3 + axis] = static_cast<int32_t>(result.size(axis));
  }
  out[written_] = table_.add(std::move(result), std::move(aux));
  written_ += 3 + static_cast<int32_t>(rank);
  ++out[0];
}

std::string Call::describe_operands() {
  std::ostringstream text;
  for (int i = 0; i < tensors_ && i < 8; ++i) {
    if (i > 0) text << ", ";
    if (!has(i)) {
      text << "none";
      continue;
    }
    try {
      const at::Tensor& tensor = table_.at(handle(i));
      text << c10::toString(tensor.scalar_type()) << ' ' << tensor.sizes();
    } catch (const std::invalid_argument&) {
      text << "a disposed tensor";
    }
  }
  if (tensors_ > 8) text << ", and " << tensors_ - 8 << " more";
  return text.str();
}

std::vector<NamedOperation>& operations() {
  static std::vector<NamedOperation> all;
  return all;
}

}  // namespace pl
