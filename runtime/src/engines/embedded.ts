import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import * as tf from '../tf.js';
import { type OrtBackend, silenceGreeting } from './ort/backend.js';
import { loadBinding } from './ort/binding.js';
import { registerOrt } from './ort/register.js';
import type { SelectedEngine } from './selected-engine.js';

/**
 * Makes the embedded engine tfjs's backend. When ONNX Runtime does not load, tfjs's plain `cpu` serves instead, after
 * one warning that says why.
 */
export async function useEmbedded(threads: number, why: string, load = loadBinding): Promise<SelectedEngine> {
  try {
    registerOrt(load(), { threads });
    if (!(await tf.setBackend('ort'))) throw new Error('its tfjs backend does not start');
  } catch (problem) {
    return useCpu(problem);
  }
  (tf.backend() as OrtBackend).threads = threads;
  const count = threads === 1 ? '1 thread' : `${threads} threads`;
  return { name: 'ort', device: 'cpu', threads, reason: `ort (ONNX Runtime, CPU, ${count}): ${why}` };
}

async function useCpu(problem: unknown): Promise<SelectedEngine> {
  const cause = firstLine(problem);
  process.emitWarning(
    `ONNX Runtime does not work here (${cause}). Training runs in plain JavaScript, slowly.`,
    {
      code: 'PL6004',
      detail: 'npm install onnxruntime-node@1.16.3 repairs a broken installation; `pl doctor` says more.',
    },
  );
  await tf.setBackend('cpu');
  silenceGreeting(tf.backend() as MathBackendCPU);
  const reason = `cpu (plain JavaScript, slow): ONNX Runtime does not work here (${cause})`;
  return { name: 'cpu', device: 'cpu', threads: 1, reason };
}

export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0]!;
}
