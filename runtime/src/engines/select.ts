import { availableParallelism } from 'node:os';
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';
import { type OrtBackend, silenceGreeting } from './ort/backend.js';
import { loadBinding } from './ort/binding.js';
import { registerOrt } from './ort/register.js';
import { loadTensorflow } from './tensorflow.js';

export type EngineName = 'auto' | 'torch' | 'tensorflow' | 'ort';

export interface EngineOptions {
  engine?: EngineName;
  accelerator?: 'auto' | 'cpu' | 'gpu' | 'mps';
  /** Threads for the kernels that use several. Default: all cores. */
  threads?: number;
}

export interface SelectedEngine {
  /** `cpu` is tfjs's plain JavaScript backend, which serves when ONNX Runtime does not load. */
  name: 'ort' | 'cpu' | 'tensorflow' | 'torch';
  device: string;
  threads: number;
  /** One line: which engine runs, and why. */
  reason: string;
}

const ENGINES: readonly EngineName[] = ['auto', 'torch', 'tensorflow', 'ort'];
const ACCELERATORS = ['auto', 'cpu', 'gpu', 'mps'];

/**
 * Chooses what executes tfjs kernels, makes it tfjs's current backend and waits until it is ready. May be called
 * again: tensors move to the new engine when they are next used.
 *
 * @throws PLError PL6001 (engine not available), PL6002 (no such device here), PL6003 (invalid option)
 */
export async function selectEngine(options: EngineOptions = {}): Promise<SelectedEngine> {
  const { engine, accelerator, threads } = validated(options);
  if (engine === 'torch') {
    throw new PLError('PL6001', "The engine 'torch' was asked for; this version does not contain it.", {
      hint: "Leave `trainer.engine` on 'auto', or set it to 'ort' (CPU, always there) or 'tensorflow'.",
    });
  }
  if (accelerator === 'mps') {
    throw new PLError(
      'PL6002',
      "The accelerator 'mps' was asked for; no engine of this version runs on it.",
      {
        hint: "Set `trainer.accelerator` to 'auto' or 'cpu'.",
      },
    );
  }
  if (accelerator === 'gpu' && engine === 'ort') {
    throw new PLError(
      'PL6002',
      "The accelerator 'gpu' was asked for; the engine 'ort' runs on the CPU only.",
      {
        hint: "Set `trainer.accelerator` to 'cpu', or `trainer.engine` to 'auto' or 'tensorflow'.",
      },
    );
  }

  if (engine === 'ort') return useOrt(threads, 'it was asked for');
  const tensorflow = await loadTensorflow();
  if (tensorflow.state === 'loaded' && (accelerator !== 'gpu' || tensorflow.device === 'gpu')) {
    return useTensorflow(tensorflow, threads, engine === 'auto' ? 'the project has it' : 'it was asked for');
  }

  const found = describeTensorflow(tensorflow);
  if (accelerator === 'gpu') {
    throw new PLError('PL6002', `The accelerator 'gpu' was asked for, and no GPU can be used: ${found}.`, {
      hint: 'Install @tensorflow/tfjs-node-gpu (CUDA 11.2, Linux), or set `trainer.accelerator` to cpu.',
      cause: tensorflow.state === 'broken' ? tensorflow.cause : undefined,
    });
  }
  if (engine === 'tensorflow') {
    throw new PLError('PL6001', `The engine 'tensorflow' was asked for, but ${found}.`, {
      hint: 'Install it in this project (npm install @tensorflow/tfjs-node), or set `trainer.engine` to auto.',
      cause: tensorflow.state === 'broken' ? tensorflow.cause : undefined,
    });
  }
  return useOrt(threads, tensorflow.state === 'broken' ? found : 'the embedded engine');
}

function validated(options: EngineOptions): Required<EngineOptions> {
  const { engine = 'auto', accelerator = 'auto', threads = availableParallelism() } = options;
  if (!ENGINES.includes(engine)) refuse('engine', engine, ENGINES.join(', '));
  if (!ACCELERATORS.includes(accelerator)) refuse('accelerator', accelerator, ACCELERATORS.join(', '));
  if (!Number.isInteger(threads) || threads < 1) refuse('threads', threads, 'a whole number from 1 up');
  return { engine, accelerator, threads };
}

function refuse(setting: string, got: unknown, wanted: string): never {
  throw new PLError('PL6003', `trainer.${setting} is ${JSON.stringify(got)}; it must be one of: ${wanted}.`);
}

async function useOrt(threads: number, why: string): Promise<SelectedEngine> {
  let problem: unknown;
  try {
    registerOrt(loadBinding(), { threads });
    if (await tf.setBackend('ort')) {
      (tf.backend() as OrtBackend).threads = threads;
      const count = threads === 1 ? '1 thread' : `${threads} threads`;
      return { name: 'ort', device: 'cpu', threads, reason: `ort (ONNX Runtime, CPU, ${count}): ${why}` };
    }
    problem = new Error('the backend did not start');
  } catch (error) {
    problem = error;
  }
  return useCpu(problem);
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
  return {
    name: 'cpu',
    device: 'cpu',
    threads: 1,
    reason: `cpu (plain JavaScript, slow): ONNX Runtime does not load (${cause})`,
  };
}

async function useTensorflow(
  { packageName, device }: { packageName: string; device: string },
  threads: number,
  why: string,
): Promise<SelectedEngine> {
  await tf.setBackend('tensorflow');
  return { name: 'tensorflow', device, threads, reason: `tensorflow (${packageName}, ${device}): ${why}` };
}

function describeTensorflow(search: Awaited<ReturnType<typeof loadTensorflow>>): string {
  switch (search.state) {
    case 'missing':
      return 'this project has neither @tensorflow/tfjs-node-gpu nor @tensorflow/tfjs-node installed';
    case 'broken':
      return `${search.packageName} does not load (${firstLine(search.cause)})`;
    case 'loaded':
      return `${search.packageName} finds no GPU`;
  }
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0]!;
}
