#pragma once

#include "../call.h"

namespace pl {

/// Zeros with probability p, 1 / (1 - p) elsewhere, drawn as JavaScript's `dropoutMask` draws them: one number of
/// xoshiro128** per element, in row-major order. Drawn on the CPU and moved to the device.
///
/// @param state the first of the four numbers of the call that are the generator's state; they are advanced
at::Tensor dropout_mask(Call& call, at::IntArrayRef shape, double p, int state);

}  // namespace pl
