import { availableParallelism } from 'node:os';
import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';
import { firstLine, useEmbedded } from './embedded.js';
import type { SelectedEngine } from './selected-engine.js';
import { loadTensorflow } from './tensorflow.js';

export type { SelectedEngine } from './selected-engine.js';

export type EngineName = 'auto' | 'torch' | 'tensorflow' | 'ort';

export interface EngineOptions {
  engine?: EngineName;
  accelerator?: 'auto' | 'cpu' | 'gpu' | 'mps';
  /** Has engines that could compute other bits the second time avoid what they do so with. Default false. */
  deterministic?: boolean;
  /** Threads for the kernels that use several. Default: all cores. */
  threads?: number;
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
  const { engine, accelerator, deterministic, threads } = validated(options);
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

  if (engine === 'ort') return useEmbedded(threads, 'it was asked for');
  const tensorflow = await loadTensorflow({ deterministic });
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
  return useEmbedded(threads, tensorflow.state === 'broken' ? found : 'the embedded engine');
}

function validated(options: EngineOptions): Required<EngineOptions> {
  const { engine = 'auto', accelerator = 'auto', deterministic = false } = options;
  const { threads = availableParallelism() } = options;
  if (!ENGINES.includes(engine)) refuse('engine', engine, ENGINES.join(', '));
  if (!ACCELERATORS.includes(accelerator)) refuse('accelerator', accelerator, ACCELERATORS.join(', '));
  if (!Number.isInteger(threads) || threads < 1) refuse('threads', threads, 'a whole number from 1 up');
  return { engine, accelerator, deterministic, threads };
}

function refuse(setting: string, got: unknown, wanted: string): never {
  throw new PLError('PL6003', `trainer.${setting} is ${JSON.stringify(got)}; it must be one of: ${wanted}.`);
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
