import { availableParallelism } from 'node:os';
import { beforeEach, describe, expect, test } from 'vitest';
import * as tf from '../tf.js';
import { inspectEngines } from './doctor.js';
import { selectEngine } from './select.js';
import type { TorchAddon } from './torch/addon.js';
import type { Libtorch } from './torch/libtorch/libtorch.js';
import { loadTorchAddon } from './torch/load-addon.js';
import { type LoadedTorch, torchDevice, torchDeviceAdvice } from './torch.js';

describe('the device of the torch engine', () => {
  const loaded = (devices: string[], variant: Libtorch['variant'] = 'cpu') =>
    ({
      state: 'loaded',
      addon: { devices: () => devices } as TorchAddon,
      libtorch: { variant } as Libtorch,
      path: 'pl_torch.node',
    }) satisfies LoadedTorch;

  test.each([
    ['auto', ['cpu', 'cuda:0', 'cuda:1'], 'cuda:0'],
    ['auto', ['cpu', 'mps'], 'mps'],
    ['auto', ['cpu'], 'cpu'],
    ['cpu', ['cpu', 'cuda:0'], 'cpu'],
    ['gpu', ['cpu', 'cuda:0', 'cuda:1'], 'cuda:0'],
    ['gpu', ['cpu', 'mps'], undefined],
    ['mps', ['cpu', 'mps'], 'mps'],
    ['mps', ['cpu', 'cuda:0'], undefined],
  ] as const)('for %s of %j is %s', (accelerator, devices, device) => {
    expect(torchDevice(loaded([...devices]), accelerator)).toBe(device);
  });

  test('is another for each process, where there are enough', () => {
    const gpus = loaded(['cpu', 'cuda:0', 'cuda:1']);
    expect(torchDevice(gpus, 'auto', 1)).toBe('cuda:1');
    expect(torchDevice(gpus, 'cpu', 1)).toBe('cpu');
    expect(() => torchDevice(gpus, 'gpu', 2)).toThrow(
      expect.objectContaining({ code: 'PL6014', hint: expect.stringContaining('trainer.devices to 2') }),
    );
  });

  test('that is missing has a reason: the libtorch, or the driver', () => {
    expect(torchDeviceAdvice(loaded(['cpu']), 'gpu')).toContain('Install a libtorch for CUDA');
    expect(torchDeviceAdvice(loaded(['cpu'], 'cuda'), 'gpu')).toContain('nvidia-smi');
    expect(torchDeviceAdvice(loaded(['cpu']), 'mps')).toContain('Apple silicon');
  });
});

describe('where the torch engine is built', () => {
  const torch = loadTorchAddon();
  const devices = torch.state === 'loaded' ? torch.addon.devices() : [];
  beforeEach(({ skip }) =>
    skip(torch.state !== 'loaded', `the torch engine is ${torch.state}: pl engine build`),
  );

  test('auto takes it, and says so in one line', async () => {
    const selected = await selectEngine({ accelerator: 'cpu', threads: 1 });
    expect(selected).toMatchObject({ name: 'torch', device: 'cpu', threads: 1 });
    expect(selected.reason).toMatch(/^torch \(libtorch \d+\.\d+\.\d\S*, CPU, 1 thread\): it is built$/);
    expect(tf.getBackend()).toBe('torch');
    expect([...tf.matMul(tf.eye(2), tf.tensor2d([1, 2, 3, 4], [2, 2])).dataSync()]).toEqual([1, 2, 3, 4]);
  });

  test('it may be left and taken again, and tensors move', async () => {
    await selectEngine({ engine: 'ort', threads: 1 });
    const kept = tf.variable(tf.tensor1d([1, 2]));
    expect(await selectEngine({ engine: 'torch', accelerator: 'cpu' })).toMatchObject({
      device: 'cpu',
      threads: availableParallelism(),
    });
    expect([...kept.add(1).dataSync()]).toEqual([2, 3]);
    kept.dispose();
  });

  test('an accelerator that it does not have is refused', async ({ skip }) => {
    skip(devices.includes('mps'), 'this machine has MPS');
    await expect(selectEngine({ engine: 'torch', accelerator: 'mps' })).rejects.toMatchObject({
      code: 'PL6002',
      message: expect.stringContaining(`has the devices ${devices.join(', ')}`),
    });
  });

  test('the doctor lists its devices', async () => {
    const { candidates, processGroups } = await inspectEngines({ accelerator: 'cpu', threads: 1 });
    expect(candidates[0]).toMatchObject({
      name: 'torch',
      state: 'runs',
      found: expect.stringMatching(new RegExp(`devices: ${devices.join(', ')}$`)),
    });
    expect(processGroups).toMatch(/^(gloo(, nccl)? \(c10d of libtorch \S+\)|on one host: .*)$/);
  });
});
