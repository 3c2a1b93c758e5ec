import { availableParallelism } from 'node:os';
import { PLError, type PLErrorOptions } from '../errors/pl-error.js';
import * as tf from '../tf.js';
import { firstLine, useEmbedded } from './embedded.js';
import type { Accelerator, SelectedEngine } from './selected-engine.js';
import { loadTensorflow, type TensorflowSearch } from './tensorflow.js';
import { loadTorchAddon, type TorchAddonSearch } from './torch/load-addon.js';
import { describeTorch, torchAdvice, torchDevice, torchDeviceAdvice, useTorch } from './torch.js';

export type { SelectedEngine } from './selected-engine.js';

export type EngineName = 'auto' | 'torch' | 'tensorflow' | 'ort';

export interface EngineOptions {
  engine?: EngineName;
  accelerator?: Accelerator;
  /** Has engines that could compute other bits the second time avoid what they do so with. Default false. */
  deterministic?: boolean;
  /** Threads for the kernels that use several. Default: all cores. */
  threads?: number;
  /** Which GPU, where there are several: the number of the process among those of its host. Default 0. */
  localRank?: number;
}

const ENGINES: readonly EngineName[] = ['auto', 'torch', 'tensorflow', 'ort'];
const ACCELERATORS = ['auto', 'cpu', 'gpu', 'mps'];

/**
 * Chooses what executes tfjs kernels, makes it tfjs's current backend and waits until it is ready. `auto` takes the
 * first that has the accelerator: torch where it was built, tensorflow where the project has it, ort. May be called
 * again: tensors move to the new engine when they are next used.
 *
 * @throws PLError PL6001 (engine not available), PL6002 (no such device here), PL6003 (invalid option), PL6014 (fewer
 * devices than processes)
 */
export async function selectEngine(options: EngineOptions = {}): Promise<SelectedEngine> {
  const valid = validated(options);
  switch (valid.engine) {
    case 'ort':
      return selectOrt(valid);
    case 'torch':
      return selectTorch(valid);
    case 'tensorflow':
      return selectTensorflow(valid);
    case 'auto':
      return selectFirst(valid);
  }
}

const ASKED_FOR = 'it was asked for';

async function selectOrt({ accelerator, threads }: Required<EngineOptions>): Promise<SelectedEngine> {
  if (accelerator === 'gpu' || accelerator === 'mps') {
    throw noDevice(accelerator, "the engine 'ort' runs on the CPU only", {
      hint: "Set `trainer.accelerator` to 'cpu', or `trainer.engine` to 'auto' or 'torch'.",
    });
  }
  return useEmbedded(threads, ASKED_FOR);
}

async function selectTorch({
  accelerator,
  threads,
  localRank,
}: Required<EngineOptions>): Promise<SelectedEngine> {
  const torch = loadTorchAddon({ askPython: true });
  if (torch.state !== 'loaded') {
    throw new PLError('PL6001', `The engine 'torch' was asked for, but ${describeTorch(torch)}.`, {
      hint: torchAdvice(torch),
      ...(torch.state === 'broken' && { cause: torch.cause }),
    });
  }
  const device = torchDevice(torch, accelerator, localRank);
  if (device !== undefined) return useTorch(torch, { device, threads }, ASKED_FOR);
  throw noDevice(accelerator, describeTorch(torch), { hint: torchDeviceAdvice(torch, accelerator) });
}

async function selectTensorflow(options: Required<EngineOptions>): Promise<SelectedEngine> {
  const { accelerator, deterministic, threads } = options;
  const tensorflow = await loadTensorflow({ deterministic });
  if (tensorflow.state !== 'loaded') {
    throw new PLError(
      'PL6001',
      `The engine 'tensorflow' was asked for, but ${describeTensorflow(tensorflow)}.`,
      {
        hint: 'Install it in this project (npm install @tensorflow/tfjs-node), or set `trainer.engine` to auto.',
        ...(tensorflow.state === 'broken' && { cause: tensorflow.cause }),
      },
    );
  }
  if (serves(tensorflow, accelerator)) return useTensorflow(tensorflow, threads, ASKED_FOR);
  throw noDevice(accelerator, describeTensorflow(tensorflow), {
    hint: 'Install @tensorflow/tfjs-node-gpu (CUDA 11.2, Linux), or set `trainer.engine` to auto.',
  });
}

async function selectFirst(options: Required<EngineOptions>): Promise<SelectedEngine> {
  const { accelerator, deterministic, threads, localRank } = options;
  const torch = loadTorchAddon();
  const device = torch.state === 'loaded' ? torchDevice(torch, accelerator, localRank) : undefined;
  if (torch.state === 'loaded' && device !== undefined) {
    return useTorch(torch, { device, threads }, 'it is built');
  }
  const tensorflow = await loadTensorflow({ deterministic });
  if (tensorflow.state === 'loaded' && serves(tensorflow, accelerator)) {
    return useTensorflow(tensorflow, threads, ['the project has it', ...torchNotice(torch)].join('; '));
  }
  if (accelerator === 'gpu' || accelerator === 'mps') {
    const found = `${describeTorch(torch)}; ${describeTensorflow(tensorflow)}`;
    const cause =
      torch.state === 'broken' ? torch.cause : tensorflow.state === 'broken' ? tensorflow.cause : undefined;
    const hint = torch.state === 'loaded' ? torchDeviceAdvice(torch, accelerator) : torchAdvice(torch);
    throw noDevice(accelerator, found, { hint, cause });
  }
  const notices = [
    ...torchNotice(torch),
    ...(tensorflow.state === 'broken' ? [describeTensorflow(tensorflow)] : []),
  ];
  return useEmbedded(threads, ['the embedded engine', ...notices].join('; '));
}

function noDevice(accelerator: Accelerator, why: string, options: PLErrorOptions): PLError {
  return new PLError(
    'PL6002',
    `The accelerator '${accelerator}' was asked for, and cannot be used: ${why}.`,
    options,
  );
}

/** What `auto` says about a torch engine that is not there although it could be. */
function torchNotice(torch: TorchAddonSearch): string[] {
  switch (torch.state) {
    case 'not built':
      return [`libtorch ${torch.libtorch.version} is here, \`pl engine build\` makes an engine of it`];
    case 'broken':
      return [describeTorch(torch)];
    default:
      return [];
  }
}

function serves({ device }: TensorflowSearch & { state: 'loaded' }, accelerator: Accelerator): boolean {
  return accelerator === 'gpu' ? device === 'gpu' : accelerator !== 'mps';
}

function validated(options: EngineOptions): Required<EngineOptions> {
  const { engine = 'auto', accelerator = 'auto', deterministic = false } = options;
  const { threads = availableParallelism(), localRank = 0 } = options;
  if (!ENGINES.includes(engine)) refuse('engine', engine, ENGINES.join(', '));
  if (!ACCELERATORS.includes(accelerator)) refuse('accelerator', accelerator, ACCELERATORS.join(', '));
  if (!Number.isInteger(threads) || threads < 1) refuse('threads', threads, 'a whole number from 1 up');
  return { engine, accelerator, deterministic, threads, localRank };
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

function describeTensorflow(search: TensorflowSearch): string {
  switch (search.state) {
    case 'missing':
      return 'this project has neither @tensorflow/tfjs-node-gpu nor @tensorflow/tfjs-node installed';
    case 'broken':
      return `${search.packageName} does not load (${firstLine(search.cause)})`;
    case 'loaded':
      return search.device === 'gpu'
        ? `${search.packageName} uses a GPU of NVIDIA`
        : `${search.packageName} finds no GPU`;
  }
}
