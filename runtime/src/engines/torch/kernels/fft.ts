import { type KernelTable, plain } from './kernel.js';

export const fftKernels: KernelTable = { FFT: plain('fft', 'input'), IFFT: plain('ifft', 'input') };
