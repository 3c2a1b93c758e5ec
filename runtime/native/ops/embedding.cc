/// Rows of a table.
#include "../call.h"
#include "indices.h"

namespace pl {

/// weight [rows, size], indices [...] → [..., size]
PL_OPERATION_AS_GIVEN(embedding) {
  const at::Tensor& weight = call.tensor(0);
  const at::Tensor& indices = call.tensor(1);
  check_indices("index", indices, weight.size(0));
  call.out(at::embedding(weight, indices));
}

/// dy [..., size], indices [...] {rows, the row without gradient or -1} → [rows, size]
PL_OPERATION(embedding_backward) {
  call.out(at::embedding_dense_backward(call.tensor(0), call.tensor(1), call.integer(0), call.integer(1), false));
}

}  // namespace pl
