#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tensor_table.h"

namespace pl {

using Ints = c10::SmallVector<int64_t, 8>;

/// The memory that JavaScript and the addon share.
///
/// A call in `ints`: operation and, in the upper 16 bits, precision; number of tensors, of integers and of floats; the
/// tensors' handles; the integers. Its floats are in `floats`. The answer in `out`: number of tensors, or -1 for an error; for each its handle, type, rank
/// and dimensions. `freed`: a number of handles, then the handles.
struct Exchange {
  int32_t* ints = nullptr;
  double* floats = nullptr;
  int32_t* out = nullptr;
  int32_t out_capacity = 0;
  int32_t* freed = nullptr;
};

/// tfjs's types, as JavaScript numbers them. 16-bit floats pass as float32.
enum class DType : int32_t { kFloat32 = 0, kInt32 = 1, kBool = 2, kComplex64 = 3 };

/// @throws std::invalid_argument for a number that is no type
at::ScalarType scalar_type(int32_t dtype);
DType dtype_of(at::ScalarType type);

/// How an operation treats real numbers, after libtorch's autocast (aten/src/ATen/autocast_mode.h, where the second is
/// "promote" or not on any list).
enum class CastPolicy : uint8_t {
  /// Computes in float32: what needs the range or the digits, as sums, norms, exponentials and losses.
  kFloat32,
  /// Computes in the types that it gets; the wider one where they differ.
  kAsGiven,
  /// Computes in 16 bits where the call asks for them: products and convolutions.
  kLowerPrecision,
};

/// The precision that a call asks for: nothing, or a type of 16 bits for operations of `kLowerPrecision` ("mixed") or
/// for the operands and the results of all ("true").
class Precision {
 public:
  /// @param code 0; 1 for float16 and 2 for bfloat16, mixed; 4 more for true
  explicit Precision(int32_t code) : code_(code) {}

  bool asked() const { return code_ != 0; }
  bool everywhere() const { return (code_ & 4) != 0; }
  at::ScalarType type() const { return (code_ & 3) == 1 ? at::kHalf : at::kBFloat16; }

  /// The type in which an operation wants an operand of this type.
  at::ScalarType operand(at::ScalarType own, CastPolicy policy) const;

 private:
  const int32_t code_;
};

inline bool is_16_bit(at::ScalarType type) { return type == at::kHalf || type == at::kBFloat16; }

/// One call of an operation: what it was given, and where its results go.
class Call {
 public:
  Call(const Exchange& exchange, TensorTable& table, at::Device device, CastPolicy policy)
      : device(device),
        precision(exchange.ints[0] >> 16),
        policy_(policy),
        exchange_(exchange),
        table_(table),
        tensors_(exchange.ints[1]),
        ints_(exchange.ints[2]),
        floats_(exchange.ints[3]) {}

  const at::Device device;
  const Precision precision;

  int tensors() const { return tensors_; }
  int ints() const { return ints_; }
  int floats() const { return floats_; }

  /// Whether tensor i was given; handle 0 is none.
  bool has(int i) const { return i < tensors_ && exchange_.ints[4 + i] != 0; }

  /// Tensor i, on the call's device, in the type that the operation computes in. @throws std::invalid_argument when it was
  /// freed
  const at::Tensor& tensor(int i);
  /// Tensor i as it is kept, on the call's device.
  at::Tensor& kept(int i);
  /// Tensor i where it was given.
  c10::optional<at::Tensor> optional(int i) {
    return has(i) ? c10::optional<at::Tensor>(tensor(i)) : c10::nullopt;
  }
  /// What the operation that made tensor i left with it.
  const Aux& aux(int i) { return table_.aux(handle(i)); }
  /// Tensor i, for writing in place: contiguous, in memory that no other handle sees. It moves where that is not so. Of
  /// 16 bits it becomes float32: what is written in place is state, gradients and sums.
  at::Tensor& writable(int i);
  /// As `writable`, in the type that it is kept in.
  at::Tensor& writable_as_kept(int i);
  /// Puts another tensor in the place of tensor i.
  void replace(int i, at::Tensor tensor) { table_.replace(handle(i), std::move(tensor)); }
  /// The tensors from `from` on, `count` of them.
  std::vector<at::Tensor> list(int from, int count);

  int64_t integer(int i) const {
    TORCH_CHECK(i < ints_, "integer ", i, " is missing");
    return exchange_.ints[4 + tensors_ + i];
  }
  bool flag(int i) const { return integer(i) != 0; }
  /// The integers from `from` on; `count` of them, or all.
  Ints integers(int from, int count = -1) const;
  double number(int i) const {
    TORCH_CHECK(i < floats_, "number ", i, " is missing");
    return exchange_.floats[i];
  }
  const double* number_data() const { return exchange_.floats; }
  /// Writes number i back, where JavaScript finds it: what an operation answers without a tensor.
  void set_number(int i, double value) const {
    TORCH_CHECK(i < floats_, "number ", i, " is missing");
    exchange_.floats[i] = value;
  }
  at::ScalarType type(int i) const { return scalar_type(static_cast<int32_t>(integer(i))); }
  at::TensorOptions options(at::ScalarType type) const { return at::TensorOptions().dtype(type).device(device); }

  /// Adds a result. 64-bit results become 32-bit ones, which is what tfjs has. With a precision that is true everywhere,
  /// the first takes its type; further ones are what a backward pass wants to find again, statistics mostly.
  void out(at::Tensor result, Aux aux = {});

  /// What a message can say about the operands: their types and shapes.
  std::string describe_operands();

 private:
  Handle handle(int i) const {
    TORCH_CHECK(has(i), "tensor ", i, " is missing");
    return exchange_.ints[4 + i];
  }

  at::Tensor& own(int i, at::ScalarType type);

  const CastPolicy policy_;
  const Exchange& exchange_;
  TensorTable& table_;
  const int tensors_;
  const int ints_;
  const int floats_;
  int32_t written_ = 1;
  /// Operands in another type than they are kept in.
  std::vector<at::Tensor> casts_;
};

using Operation = void (*)(Call&);

struct NamedOperation {
  std::string name;
  Operation run;
  CastPolicy policy;
};

/// All operations; an operation's number is its place.
std::vector<NamedOperation>& operations();

struct Registration {
  Registration(const char* name, Operation run, CastPolicy policy) { operations().push_back({name, run, policy}); }
};

/// Defines an operation that computes in float32: `PL_OPERATION(softmax) { call.out(…); }`.
#define PL_OPERATION(name) PL_OPERATION_WITH(kFloat32, name)
/// Defines one that takes 16-bit numbers as they come: `PL_OPERATION_AS_GIVEN(reshape) { … }`.
#define PL_OPERATION_AS_GIVEN(name) PL_OPERATION_WITH(kAsGiven, name)
/// Defines one that computes in 16 bits where the call asks for them: `PL_OPERATION_IN_16_BITS(matmul) { … }`.
#define PL_OPERATION_IN_16_BITS(name) PL_OPERATION_WITH(kLowerPrecision, name)

#define PL_OPERATION_WITH(policy, name)                                                                         \
  static void operation_##name(::pl::Call& call);                                                               \
  static const ::pl::Registration registration_##name(#name, operation_##name, ::pl::CastPolicy::policy);       \
  static void operation_##name(::pl::Call& call)

}  // namespace pl
