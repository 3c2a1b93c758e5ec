import { availableParallelism } from 'node:os';
import { loadBinding } from './ort/binding.js';
import { registerOrt } from './ort/register.js';

// Models are often built before a trainer chooses its engine, and their tensors have to live somewhere. Where ONNX
// Runtime does not load, tfjs's `cpu` is registered already, and `selectEngine` says why.
try {
  registerOrt(loadBinding(), { threads: availableParallelism() });
} catch {}
