import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';
import { firstLine } from './embedded.js';
import type { Accelerator, SelectedEngine } from './selected-engine.js';
import { describeLibtorch, describeMissing, libtorchAdvice } from './torch/libtorch/libtorch.js';
import type { TorchAddonSearch } from './torch/load-addon.js';
import { registerTorch } from './torch/register.js';

export type LoadedTorch = TorchAddonSearch & { state: 'loaded' };

/** Makes the torch engine tfjs's backend, with its tensors on a device that the addon has. */
export async function useTorch(
  { addon, libtorch }: LoadedTorch,
  { device, threads }: { device: string; threads: number },
  why: string,
): Promise<SelectedEngine> {
  registerTorch(addon);
  addon.setThreads(threads);
  addon.setDevice(device);
  await tf.setBackend('torch');
  const count = threads === 1 ? '1 thread' : `${threads} threads`;
  const where = device === 'cpu' ? `CPU, ${count}` : device;
  return { name: 'torch', device, threads, reason: `torch (libtorch ${libtorch.version}, ${where}): ${why}` };
}

/**
 * The device of the addon that serves an accelerator; for `auto` of the fastest kind that there is. Processes of one host
 * share the CPU; of other devices each has its own.
 *
 * @param index number of the process among those of its host
 * @throws PLError PL6014 when there are fewer devices than processes
 */
export function torchDevice({ addon }: LoadedTorch, accelerator: Accelerator, index = 0): string | undefined {
  const devices = addon.devices();
  const all = (kind: string) => devices.filter((device) => device.split(':')[0] === kind);
  const wanted = { auto: ['cuda', 'mps', 'cpu'], gpu: ['cuda'], mps: ['mps'], cpu: ['cpu'] }[accelerator];
  const found = wanted.map(all).find(({ length }) => length > 0);
  if (found === undefined || found[0] === 'cpu') return found?.[0];
  if (index < found.length) return found[index];
  throw new PLError(
    'PL6014',
    `process ${index} of this host (counted from 0) needs a device of its own, but there is ${found.join(', ')} only.`,
    { hint: `Set trainer.devices to ${found.length}, or trainer.accelerator to cpu.` },
  );
}

/** What keeps the torch engine from serving, as the end of a sentence. */
export function describeTorch(search: TorchAddonSearch): string {
  switch (search.state) {
    case 'missing':
      return `libtorch is missing (${describeMissing(search.searched)})`;
    case 'not built':
      return `${describeLibtorch(search.libtorch)} is there, but the torch engine was not built for it`;
    case 'broken':
      return `the torch engine does not load (${firstLine(search.cause)})`;
    case 'loaded':
      return `libtorch ${search.libtorch.version} has the devices ${search.addon.devices().join(', ')}`;
  }
}

/** What would make the torch engine serve. */
export function torchAdvice(search: Exclude<TorchAddonSearch, { state: 'loaded' }>): string {
  switch (search.state) {
    case 'missing':
      return `${libtorchAdvice(search.searched)}; then: pl engine build`;
    case 'not built':
      return 'pl engine build';
    case 'broken':
      return 'pl engine build --force';
  }
}

/** What would give the torch engine a device that it does not have. */
export function torchDeviceAdvice({ libtorch }: LoadedTorch, accelerator: Accelerator): string {
  if (accelerator === 'mps')
    return "Set `trainer.accelerator` to 'auto' or 'cpu': MPS is for Macs with Apple silicon.";
  if (libtorch.variant === 'cpu') {
    return 'Install a libtorch for CUDA (on Linux, pip install torch brings one), then: pl engine build';
  }
  return 'See whether nvidia-smi lists a GPU, and what CUDA_VISIBLE_DEVICES is set to.';
}
