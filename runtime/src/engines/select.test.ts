import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import * as tf from '../tf.js';
import { formatEngineReport, inspectEngines } from './doctor.js';
import { useEmbedded } from './embedded.js';
import { selectEngine } from './select.js';
import { fakeLibtorch } from './torch/libtorch/fake-libtorch.test.support.js';

let project: string;
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'engines-'));
  vi.spyOn(process, 'cwd').mockReturnValue(project);
  // Without libtorch, also on a machine that has it.
  vi.stubEnv('PL_LIBTORCH', join(project, 'libtorch'));
  vi.stubEnv('XDG_CACHE_HOME', join(project, 'cache'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(project, { recursive: true });
});

function install(packageName: string, source: string): void {
  const folder = join(project, 'node_modules', packageName);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: packageName, main: 'index.cjs' }));
  writeFileSync(join(folder, 'index.cjs'), source);
}

describe('selectEngine', () => {
  test('takes the embedded engine when there is no other, and says so in one line', async () => {
    const selected = await selectEngine({ threads: 1 });
    expect(selected).toMatchObject({ name: 'ort', device: 'cpu', threads: 1 });
    expect(selected.reason).toBe('ort (ONNX Runtime, CPU, 1 thread): the embedded engine');
    expect(tf.getBackend()).toBe('ort');
    expect(tf.add(1, 2).dataSync()[0]).toBe(3);
  });

  test('may be called again, with another number of threads', async () => {
    const kept = tf.variable(tf.tensor1d([1, 2]));
    expect(await selectEngine({ threads: 2 })).toMatchObject({ name: 'ort', threads: 2 });
    expect(await selectEngine({ threads: 1 })).toMatchObject({ name: 'ort', threads: 1 });
    expect([...kept.dataSync()]).toEqual([1, 2]);
    kept.dispose();
  });

  test.each([
    [{ engine: 'torch' }, 'PL6001'],
    [{ engine: 'tensorflow' }, 'PL6001'],
    [{ accelerator: 'gpu' }, 'PL6002'],
    [{ engine: 'ort', accelerator: 'gpu' }, 'PL6002'],
    [{ accelerator: 'mps' }, 'PL6002'],
    [{ engine: 'jax' as 'auto' }, 'PL6003'],
    [{ threads: 0 }, 'PL6003'],
    [{ threads: 1.5 }, 'PL6003'],
  ] as const)('refuses %o with %s', async (options, code) => {
    await expect(selectEngine(options)).rejects.toMatchObject({ name: 'PLError', code });
  });

  test('says what is wrong with an installed TensorFlow, and goes on without it', async () => {
    install('@tensorflow/tfjs-node', "throw new Error('libtensorflow.so.2: no such file\\nand more');");
    const selected = await selectEngine({ threads: 1 });
    expect(selected.name).toBe('ort');
    expect(selected.reason).toContain(
      '@tensorflow/tfjs-node does not load (libtensorflow.so.2: no such file)',
    );
    await expect(selectEngine({ engine: 'tensorflow' })).rejects.toMatchObject({
      code: 'PL6001',
      message: expect.stringContaining('libtensorflow.so.2'),
    });
  });
});

describe('with a libtorch that nothing was built for', () => {
  beforeEach(() => fakeLibtorch(join(project, 'libtorch')));

  test('the embedded engine says what would make it an engine', async () => {
    const { name, reason } = await selectEngine({ threads: 1 });
    expect(name).toBe('ort');
    expect(reason).toBe(
      'ort (ONNX Runtime, CPU, 1 thread): the embedded engine; ' +
        'libtorch 2.3.1 is here, `pl engine build` makes an engine of it',
    );
  });

  test('the engine torch cannot be asked for', async () => {
    await expect(selectEngine({ engine: 'torch' })).rejects.toMatchObject({
      code: 'PL6001',
      message: expect.stringContaining(`libtorch 2.3.1 (CPU) in ${join(project, 'libtorch')}`),
      hint: 'pl engine build',
    });
  });

  test('an accelerator that no engine has is refused with what was found', async () => {
    await expect(selectEngine({ accelerator: 'gpu' })).rejects.toMatchObject({
      code: 'PL6002',
      message: expect.stringMatching(/was not built for it; this project has neither @tensorflow/),
      hint: 'pl engine build',
    });
  });

  test('the doctor says the same', async () => {
    const report = await inspectEngines({ threads: 1 });
    expect(report.candidates[0]).toMatchObject({
      name: 'torch',
      state: 'not built',
      advice: 'pl engine build',
    });
  });
});

test.each([
  [true, '1'],
  [false, 'undefined'],
])('TensorFlow is told before it loads whether to be deterministic: %s', async (deterministic, told) => {
  delete process.env.TF_DETERMINISTIC_OPS;
  install('@tensorflow/tfjs-node', "throw new Error('told: ' + process.env.TF_DETERMINISTIC_OPS);");
  const { reason } = await selectEngine({ threads: 1, deterministic });
  delete process.env.TF_DETERMINISTIC_OPS;
  expect(reason).toContain(`told: ${told}`);
});

test('TensorFlow serves where the project has it, and its GPU where it finds one', async () => {
  const load = (name: string) => `require(${JSON.stringify(createRequire(import.meta.url).resolve(name))})`;
  install(
    '@tensorflow/tfjs-node-gpu',
    `const { registerBackend } = ${load('@tensorflow/tfjs-core')};
     const { MathBackendCPU } = ${load('@tensorflow/tfjs-backend-cpu')};
     registerBackend('tensorflow', () => Object.assign(new MathBackendCPU(), { isUsingGpuDevice: true }), 0);`,
  );
  const wanted = { name: 'tensorflow', device: 'gpu' };
  expect(await selectEngine({ accelerator: 'gpu' })).toMatchObject(wanted);
  expect(await selectEngine()).toMatchObject(wanted);
  expect(tf.getBackend()).toBe('tensorflow');
  expect(await selectEngine({ engine: 'ort' })).toMatchObject({ name: 'ort' });
  const gpu = tf.findBackend('tensorflow') as { isUsingGpuDevice?: boolean };
  gpu.isUsingGpuDevice = false;
  await expect(selectEngine({ accelerator: 'gpu' })).rejects.toMatchObject({
    code: 'PL6002',
    message: expect.stringContaining('finds no GPU'),
  });
});

test('without ONNX Runtime, plain cpu serves, with one warning that says why', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const selected = await useEmbedded(2, 'it was asked for', () => {
    throw new Error('libonnxruntime.so: wrong ELF class\nmore');
  });
  expect(selected).toMatchObject({ name: 'cpu', device: 'cpu', threads: 1 });
  expect(selected.reason).toContain('libonnxruntime.so: wrong ELF class)');
  expect(warn).toHaveBeenCalledOnce();
  expect(warn.mock.calls[0]![0]).toContain('libonnxruntime.so: wrong ELF class');
  expect(tf.getBackend()).toBe('cpu');
  const greeting = vi.spyOn(console, 'warn');
  expect(tf.add(1, 2).dataSync()[0]).toBe(3);
  expect(greeting).not.toHaveBeenCalled();
});

test('the doctor measures the engine that runs and says what else there is', async () => {
  install('@tensorflow/tfjs-node', "throw new Error('no libtensorflow');");
  const report = await inspectEngines({ threads: 1 });
  expect(report.gflops).toBeGreaterThan(1);
  expect(report.candidates.map(({ name, state }) => [name, state])).toEqual([
    ['torch', 'missing'],
    ['ort', 'runs'],
    ['tensorflow', 'broken'],
  ]);
  const text = formatEngineReport(report);
  expect(text).toMatch(/^Engine {4}ort .*\nSpeed {5}[\d.e+]+ GFLOP\/s/);
  expect(text).toContain('Processes on one host, without libtorch\n');
  expect(text).toContain('no libtensorflow');
});
