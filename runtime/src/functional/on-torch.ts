import { gelu, geluTanh, silu } from './on-torch/activation.js';
import { attention } from './on-torch/attention.js';
import { dropout } from './on-torch/dropout.js';
import { embedding } from './on-torch/embedding.js';
import { binaryCrossEntropy, crossEntropy } from './on-torch/loss.js';
import { batchNorm, groupNorm, layerNorm, rmsNorm } from './on-torch/norm.js';
import { type Operation, overrideOperation } from './registry.js';

/** The operations that are one call of the torch engine per pass. */
export const torchOperations = [
  attention,
  batchNorm,
  binaryCrossEntropy,
  crossEntropy,
  dropout,
  embedding,
  gelu,
  geluTanh,
  groupNorm,
  layerNorm,
  rmsNorm,
  silu,
] as readonly Operation<never>[];

for (const operation of torchOperations) overrideOperation('torch', operation);
