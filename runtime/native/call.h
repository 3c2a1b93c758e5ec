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
/// A call in `ints`: operation, number of tensors, of integers and of floats; the tensors' handles; the integers. Its
/// floats are in `floats`. The answer in `out`: number of tensors, or -1 for an error; for each its handle, type, rank
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

/// One call of an operation: what it was given, and where its results go.
class Call {
 public:
  Call(const Exchange& exchange, TensorTable& table, at::Device device)
      : device(device),
        exchange_(exchange),
        table_(table),
        tensors_(exchange.ints[1]),
        ints_(exchange.ints[2]),
        floats_(exchange.ints[3]) {}

  const at::Device device;

  int tensors() const { return tensors_; }
  int ints() const { return ints_; }
  int floats() const { return floats_; }

  /// Whether tensor i was given; handle 0 is none.
  bool has(int i) const { return i < tensors_ && exchange_.ints[4 + i] != 0; }

  /// Tensor i, on the call's device. @throws std::invalid_argument when it was freed
  at::Tensor& tensor(int i);
  /// Tensor i where it was given.
  c10::optional<at::Tensor> optional(int i) {
    return has(i) ? c10::optional<at::Tensor>(tensor(i)) : c10::nullopt;
  }
  /// What the operation that made tensor i left with it.
  const Aux& aux(int i) { return table_.aux(handle(i)); }
  /// Tensor i, for writing in place: contiguous, in memory that no other handle sees. It moves where that is not so.
  at::Tensor& writable(int i);
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

  /// Adds a result. 64-bit results become 32-bit ones, which is what tfjs has.
  void out(at::Tensor result, Aux aux = {});

  /// What a message can say about the operands: their types and shapes.
  std::string describe_operands();

 private:
  Handle handle(int i) const {
    TORCH_CHECK(has(i), "tensor ", i, " is missing");
    return exchange_.ints[4 + i];
  }

  const Exchange& exchange_;
  TensorTable& table_;
  const int tensors_;
  const int ints_;
  const int floats_;
  int32_t written_ = 1;
};

using Operation = void (*)(Call&);

struct NamedOperation {
  std::string name;
  Operation run;
};

/// All operations; an operation's number is its place.
std::vector<NamedOperation>& operations();

struct Registration {
  Registration(const char* name, Operation run) { operations().push_back({name, run}); }
};

/// Defines an operation: `PL_OPERATION(matmul) { call.out(…); }`.
#define PL_OPERATION(name)                                              \
  static void operation_##name(::pl::Call& call);                       \
  static const ::pl::Registration registration_##name(#name, operation_##name); \
  static void operation_##name(::pl::Call& call)

}  // namespace pl
