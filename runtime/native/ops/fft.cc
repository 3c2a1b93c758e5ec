/// Discrete Fourier transforms along the last axis, of complex numbers.
#include "../call.h"

namespace pl {

PL_OPERATION(fft) { call.out(at::fft_fft(call.tensor(0))); }

/// Divides by the length.
PL_OPERATION(ifft) { call.out(at::fft_ifft(call.tensor(0))); }

}  // namespace pl
