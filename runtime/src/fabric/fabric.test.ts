import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { loadTorchAddon } from '../engines/torch/load-addon.js';
import { Logger } from '../loggers/logger.js';
import { gradOf } from '../optim/gradients.js';
import { StepLR } from '../optim/lr-schedulers/step-lr.js';
import { SGD } from '../optim/sgd.js';
import { bundle } from '../strategies/bundle.test.support.js';
import { runCommand } from '../strategies/run-command.test.support.js';
import * as tf from '../tf.js';
import { Fabric } from './fabric.js';
import type { FabricResult, FabricScenario } from './fabric-program.test.support.js';

// Real processes.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const program = bundle('fabric', "import '../fabric/fabric-program.test.support.js';");
const folder = mkdtempSync(join(tmpdir(), 'pl-fabric-'));
afterAll(() => rmSync(folder, { recursive: true }));

const start = (scenarios: readonly FabricScenario[]) =>
  runCommand([process.execPath, program, JSON.stringify(scenarios)]);

const hasTorch = loadTorchAddon().state === 'loaded';
const cpu = { engine: 'ort', accelerator: 'cpu' } as const;
const optimizers = ['sgd', 'adam', 'tf.sgd', 'tf.adam'] as const;
const saved = ['adam', 'tf.adam'] as const;

/** The same work for any number of processes. */
function scenariosOn(devices: number): Record<string, FabricScenario> {
  const plain = { fabric: { ...cpu, devices }, batchSize: 8 / devices, optimizer: 'sgd', steps: 20 } as const;
  const sharded = { ...cpu, devices, ...(devices > 1 && { strategy: 'ddp_sharded' as const }) };
  return {
    ...Object.fromEntries(optimizers.map((optimizer) => [optimizer, { ...plain, optimizer }])),
    accumulated: { ...plain, fabric: sharded, batchSize: 4 / devices, accumulate: 2, clip: 0.3 },
    ...Object.fromEntries(
      saved.flatMap((optimizer) => {
        const path = join(folder, `${optimizer}-${devices}.ckpt`);
        return (['save', 'load'] as const).map((use) => [
          `${use} ${optimizer}`,
          { ...plain, optimizer, steps: 12, file: { path, use } },
        ]);
      }),
    ),
  };
}

async function resultsOn(devices: number): Promise<Record<string, FabricResult>> {
  const scenarios = scenariosOn(devices);
  const { exitCode, reports, stderr } = await start(Object.values(scenarios));
  expect(exitCode, stderr).toBe(0);
  return Object.fromEntries(Object.keys(scenarios).map((name, i) => [name, reports[i] as FabricResult]));
}

let one: Record<string, FabricResult>;
let two: Record<string, FabricResult>;

beforeAll(async () => {
  [one, two] = await Promise.all([resultsOn(1), resultsOn(2)]);
});

function difference(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!) / Math.max(Math.abs(b[i]!), 1e-3)));
}

describe('two processes', () => {
  test.each([...optimizers, 'accumulated'])(
    'come to the weights of one with the joined batch: %s',
    (name) => {
      expect([one[name]!.worldSize, two[name]!.worldSize]).toEqual([1, 2]);
      expect(difference(two[name]!.weights, one[name]!.weights)).toBeLessThan(1e-5);
    },
  );

  test('exchange values', () => {
    const [alone, both] = [one.accumulated!, two.accumulated!];
    expect(both.gathered).toEqual([0, 1]);
    expect(both.reduced.ranks).toEqual([1, 2]);
    expect(both.reduced.loss).toBeCloseTo(alone.reduced.loss, 6);
    expect(both.sent).toEqual({ text: 'of 1', values: [1, 2] });
    expect(alone.sent).toEqual({ text: 'of 0', values: [0, 2] });
  });

  test('end together when one throws', async () => {
    const { exitCode, stderr } = await start([
      {
        fabric: { ...cpu, devices: 2, processGroupTimeout: 30 },
        batchSize: 4,
        optimizer: 'sgd',
        steps: 20,
        misbehave: 1,
      },
    ]);
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(/rank 1 .* failed: it went wrong here[\s\S]*PL8002/);
    expect(stderr).toContain('[rank 1] ');
  });
});

describe('save and load', () => {
  test.each(saved)('go on as if nothing had happened: %s', (optimizer) => {
    for (const results of [one, two]) {
      expect(results[`load ${optimizer}`]!.digest).toBe(results[`save ${optimizer}`]!.digest);
      expect(results[`load ${optimizer}`]!.remainder).toEqual({ step: 6, note: 'half' });
    }
  });
});

describe('a Fabric', () => {
  test('is of no use before launch, and starts once', async () => {
    const fabric = new Fabric(cpu);
    expect(() => fabric.setup(new Line())).toThrow(expect.objectContaining({ code: 'PL8401' }));
    expect(() => fabric.device).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('await fabric.launch()') }),
    );
    await fabric.launch();
    expect(fabric.device).toBe('cpu');
    await expect(fabric.launch()).rejects.toMatchObject({ code: 'PL8401' });
    expect(() => fabric.backward(() => tf.scalar(1))).toThrow(expect.objectContaining({ code: 'PL8402' }));
  });

  test('refuses what the engine cannot do', async () => {
    expect(() => new Fabric({ precision: 'bf16-mixd' as 'bf16-mixed' })).toThrow('Did you mean bf16-mixed?');
    await expect(new Fabric({ ...cpu, precision: 'bf16-mixed' }).launch()).rejects.toMatchObject({
      code: 'PL8202',
    });
  });

  test.skipIf(!hasTorch)(
    'multiplies in the precision that it was told, in backward and autocast alone',
    async () => {
      const fabric = new Fabric({ engine: 'torch', accelerator: 'cpu', precision: 'bf16-mixed' });
      await fabric.launch();
      const model = fabric.setup({ w: tf.variable(tf.tensor2d([[1 / 3]])) });
      const x = tf.tensor2d([[1 / 3]]);
      const product = () => tf.matMul(x, model.w).sum() as tf.Scalar;
      const errorOf = (loss: tf.Scalar) => Math.abs(loss.dataSync()[0]! - 1 / 9);
      // bfloat16 has 8 bits.
      expect(errorOf(fabric.backward(product))).toBeGreaterThan(1e-4);
      expect(errorOf(fabric.autocast(product))).toBeGreaterThan(1e-4);
      expect(errorOf(product())).toBeLessThan(1e-6);
      expect(gradOf(model.w)!.dataSync()[0]).toBeCloseTo(1 / 3, 2);
    },
  );

  test('gives loggers what it is told, and calls callbacks that have the method', async () => {
    const calls: unknown[] = [];
    const loggers = new Remembers();
    const callbacks = [
      { onStep: (...args: unknown[]) => calls.push(args) },
      { other: () => calls.push('other') },
    ];
    const fabric = new Fabric({ ...cpu, loggers, callbacks });
    await fabric.launch();
    fabric.log('loss', tf.scalar(0.5), 3);
    fabric.logDict({ a: 1, b: 2 }, 4);
    expect(loggers.rows).toEqual([
      [{ loss: 0.5 }, 3],
      [{ a: 1, b: 2 }, 4],
    ]);
    await fabric.call('onStep', 1, 'two');
    expect(calls).toEqual([[1, 'two']]);
  });

  test('clips by value or by norm, and says when there is nothing to limit', async () => {
    const fabric = new Fabric(cpu);
    await fabric.launch();
    const line = new Line();
    const [model, optimizer] = fabric.setup(line, new SGD([line.w], { lr: 1 }));
    const pass = (factor: number) => {
      optimizer.zeroGrad();
      fabric.backward(() => model.w.mul([3 * factor, 4 * factor]).sum() as tf.Scalar).dispose();
    };
    pass(1);
    expect(fabric.clipGradients(optimizer, { maxNorm: 1 })).toBeCloseTo(5, 5);
    pass(1);
    fabric.clipGradients(optimizer, { clipVal: 2 });
    expect([...gradOf(line.w)!.dataSync()]).toEqual([2, 2]);
    expect(() => fabric.clipGradients(optimizer, {})).toThrow('either maxNorm or clipVal');
    pass(Number.POSITIVE_INFINITY);
    expect(() => fabric.clipGradients(optimizer, { maxNorm: 1 })).toThrow('cannot be limited');
  });

  test('names what a file lacks, and loads the rest where that is allowed', async () => {
    const fabric = new Fabric(cpu);
    await fabric.launch();
    const line = new Line();
    const [model, optimizer] = fabric.setup(line, new SGD([line.w], { lr: 1, momentum: 0.5 }));
    const scheduler = new StepLR(optimizer.optimizer, { stepSize: 1, gamma: 0.1 });
    scheduler.step();
    const path = join(folder, 'parts.ckpt');
    await fabric.save(path, { model, scheduler, epoch: 3 });
    const again = new StepLR(new SGD([line.w], { lr: 1 }), { stepSize: 1, gamma: 0.1 });
    expect(await fabric.load(path, { model, scheduler: again })).toEqual({ epoch: 3 });
    expect(again.stateDict()).toEqual(scheduler.stateDict());
    await expect(fabric.load(path, { model, optimizer })).rejects.toMatchObject({ code: 'PL8403' });
    expect(await fabric.load(path, { model, optimizer }, { strict: false })).toMatchObject({ epoch: 3 });
    await expect(fabric.load(path, { other: new Line() })).rejects.toMatchObject({ code: 'PL3011' });
  });
});

class Line {
  readonly w = tf.variable(tf.tensor1d([1, 2]));
}

class Remembers extends Logger {
  readonly name = 'test';
  readonly version = 0;
  readonly rows: unknown[] = [];

  logHyperparams(): void {}

  logMetrics(metrics: Readonly<Record<string, number>>, step: number): void {
    this.rows.push([metrics, step]);
  }
}
