#pragma once

#ifdef USE_C10D_GLOO

#include <ATen/ATen.h>

#include <vector>

namespace pl {

/// A value of a collective: where it lies, and what a backend sends and receives for it.
struct Operand {
  /// The caller's memory, contiguous, seen as one dimension.
  at::Tensor place;
  /// The same memory where the backend can work on it as it is; otherwise a copy.
  at::Tensor wire;

  /// Puts what was received where it belongs.
  void deliver();
};

/// The same memory as a contiguous tensor has, as one dimension of a tensor that other threads may write: those of the
/// table are inference tensors, which refuse that.
at::Tensor alias_of(const at::Tensor& tensor);

/// For collectives that move values from rank to rank: bytes.
Operand moved(const at::Tensor& place, at::Device device);

/// For those that compute with them. Complex numbers are two numbers each, truth values are 0 and 1; 16-bit floats travel
/// as float32 between CPUs, which have no arithmetic of their own for them.
Operand reduced(const at::Tensor& place, at::Device device);

/// The wires of several operands in few tensors: large ones stay alone, small ones are joined.
class Parcels {
 public:
  explicit Parcels(std::vector<Operand> operands);

  std::vector<at::Tensor>& tensors() { return tensors_; }
  /// Takes the joined apart and delivers all.
  void deliver();

 private:
  std::vector<Operand> operands_;
  /// Indices of the joined ones.
  std::vector<size_t> joined_;
  std::vector<at::Tensor> tensors_;
};

}  // namespace pl

#endif  // USE_C10D_GLOO
