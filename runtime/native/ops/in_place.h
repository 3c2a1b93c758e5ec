#pragma once

#include "../call.h"

namespace pl {

/// Tensor i, safe to write: where other tensors see its memory, or elements of it share theirs, it moves to a copy
/// first. The handle must be JavaScript's only one.
inline at::Tensor owned(Call& call, int i) {
  const at::Tensor& tensor = call.tensor(i);
  if (tensor.storage().use_count() == 1 && tensor.is_non_overlapping_and_dense()) return tensor;
  at::Tensor copy = tensor.clone(at::MemoryFormat::Contiguous);
  call.replace(i, copy);
  return copy;
}

/// All tensors of the call, safe to write.
inline std::vector<at::Tensor> all_owned(Call& call) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(call.tensors());
  for (int i = 0; i < call.tensors(); ++i) tensors.push_back(owned(call, i));
  return tensors;
}

}  // namespace pl
