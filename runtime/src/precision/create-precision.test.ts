import '@tensorflow/tfjs-backend-cpu';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type AutocastEngine, type HalfType, registerAutocastEngine } from '../engines/autocast-engine.js';
import { AdamW } from '../optim/adamw.js';
import { backward } from '../optim/backward.js';
import { clipGradNorm, totalNorm } from '../optim/clip-gradients.js';
import { gradOf } from '../optim/gradients.js';
import { LBFGS } from '../optim/lbfgs.js';
import { SGD } from '../optim/sgd.js';
import * as tf from '../tf.js';
import { createPrecision, setMatmulPrecision } from './create-precision.js';
import type { PrecisionPlugin } from './precision-plugin.js';

/** What the engine was asked for, in order. */
const asked: string[] = [];

/** Stands where an engine's own part begins: the calls that arrive there are what these tests are about. */
const halves: AutocastEngine = {
  precisions: (device) =>
    device === 'cpu' ? ['bf16-mixed', 'bf16-true'] : ['16-mixed', 'bf16-mixed', '16-true'],
  autocast: <Result>(type: HalfType, forward: () => Result) => {
    asked.push(`autocast ${type}`);
    return forward();
  },
  convertVariables: (variables, type) => asked.push(`convert ${variables.length} to ${type}`),
  computeIn: <Result>(type: HalfType, forward: () => Result) => {
    asked.push(`compute in ${type}`);
    return forward();
  },
  setMatmulPrecision: (precision) => asked.push(`matmul ${precision}`),
};

const gpu = { name: 'torch', device: 'cuda' } as const;
const cpu = { name: 'torch', device: 'cpu' } as const;
const embedded = { name: 'ort', device: 'cpu' } as const;

describe('an engine that computes in float32 only', () => {
  test('does 32-true, and names an engine that would do more', () => {
    expect(createPrecision('32-true', embedded).forward(() => 7)).toBe(7);
    expect(() => createPrecision('bf16-mixed', embedded)).toThrow(
      expect.objectContaining({
        code: 'PL8202',
        message: 'the engine ort cannot do the precision bf16-mixed on cpu',
        hint: 'Use the engine torch (`pl doctor` says how to get it), or set trainer.precision to 32-true.',
      }),
    );
  });

  test('multiplies matrices in its one way', () => {
    setMatmulPrecision('medium', embedded);
    expect(asked).toEqual([]);
  });
});

describe('with an engine of 16 bits', () => {
  beforeAll(async () => {
    registerAutocastEngine('torch', halves);
    await tf.setBackend('cpu');
  });
  afterEach(() => {
    asked.length = 0;
  });

  test.each<['bf16-mixed' | 'bf16-true' | '16-true' | '16-mixed', typeof cpu | typeof gpu, string]>([
    ['bf16-mixed', cpu, 'autocast bfloat16'],
    ['16-mixed', gpu, 'autocast float16'],
    ['bf16-true', cpu, 'compute in bfloat16'],
    ['16-true', gpu, 'compute in float16'],
  ])('%s runs the forward pass there', (precision, engine, expected) => {
    expect(createPrecision(precision, engine).forward(() => 'result')).toBe('result');
    expect(asked).toEqual([expected]);
  });

  test('variables are kept in 16 bits where everything is', () => {
    const variables = [tf.variable(tf.zeros([2])), tf.variable(tf.zeros([3]))];
    createPrecision('bf16-true', cpu).convert(variables);
    createPrecision('16-true', gpu).convert(variables);
    for (const [precision, engine] of [
      ['32-true', cpu],
      ['bf16-mixed', cpu],
      ['16-mixed', gpu],
    ] as const) {
      createPrecision(precision, engine).convert(variables);
    }
    expect(asked).toEqual(['convert 2 to bfloat16', 'convert 2 to float16']);
  });

  test('a precision that another device has is refused before training', () => {
    expect(() => createPrecision('16-mixed', cpu)).toThrow(
      expect.objectContaining({
        message: 'the engine torch cannot do the precision 16-mixed on cpu',
        hint: 'Use another device, or set trainer.precision to 32-true or bf16-mixed or bf16-true.',
      }),
    );
    expect(() => createPrecision('bf16-true', embedded)).toThrow(
      expect.objectContaining({ hint: 'Set trainer.engine to torch, or set trainer.precision to 32-true.' }),
    );
  });

  test('the precision of matrix products reaches it', () => {
    setMatmulPrecision('high', cpu);
    expect(asked).toEqual(['matmul high']);
  });

  test('only 16-mixed scales, keeps a state and refuses LBFGS', () => {
    const v = tf.variable(tf.zeros([2]));
    const lbfgs = new LBFGS([v]);
    const scaled = createPrecision('16-mixed', gpu);
    expect(scaled.lossScale).toBe(65536);
    expect(scaled.stateDict()).toMatchObject({ scale: 65536 });
    expect(() => scaled.checkOptimizer(lbfgs)).toThrow(expect.objectContaining({ code: 'PL8205' }));
    scaled.checkOptimizer(new SGD([v], { lr: 1 }));
    for (const precision of ['32-true', 'bf16-mixed'] as const) {
      const plugin = createPrecision(precision, cpu);
      expect(plugin.lossScale).toBe(1);
      expect(plugin.stateDict()).toBeUndefined();
      plugin.checkOptimizer(lbfgs);
    }
  });
});

describe('a step of training', () => {
  beforeAll(() => registerAutocastEngine('torch', halves));

  /** What the loops do for one batch: `factor` makes the loss so large that its gradients overflow, or not. */
  function trainOn(plugin: PrecisionPlugin, optimizer: SGD | AdamW, v: tf.Variable, factor: number) {
    let norm = 0;
    let held = false;
    optimizer.step(() => {
      optimizer.zeroGrad();
      const forward = () => plugin.forward(() => v.square().sum().mul(factor) as tf.Scalar);
      const loss = backward(forward, [v], plugin.lossScale);
      plugin.unscale(optimizer);
      norm = totalNorm([gradOf(v)!]);
      clipGradNorm([v], 1e-3);
      held = plugin.holdBack(optimizer);
      return loss;
    });
    return { norm, held };
  }

  test.each<[string, (v: tf.Variable) => SGD | AdamW]>([
    ['SGD with momentum', (v) => new SGD([v], { lr: 0.1, momentum: 0.9 })],
    ['AdamW', (v) => new AdamW([v], { lr: 0.1 })],
  ])('with %s is held back when gradients overflow, and nothing of it stays', (_, make) => {
    const v = tf.variable(tf.tensor1d([1, 2]));
    const optimizer = make(v);
    const nameOf = () => 'v';
    const snapshot = () => {
      const { tensors, scalars } = optimizer.stateDict(nameOf);
      const slots = Object.entries(tensors.v ?? {}).map(([slot, t]) => [slot, [...t.dataSync()]]);
      return JSON.stringify([[...v.dataSync()], slots, scalars]);
    };
    const plugin = createPrecision('16-mixed', gpu);
    expect(trainOn(plugin, optimizer, v, 1).held).toBe(false);
    const before = snapshot();
    // 2·1e34·65536 is beyond float32.
    expect(trainOn(plugin, optimizer, v, 1e34)).toMatchObject({ held: true });
    expect(snapshot()).toBe(before);
    expect(plugin.skippedSteps).toBe(1);
    expect(plugin.lossScale).toBe(32768);
    expect(trainOn(plugin, optimizer, v, 1).held).toBe(false);
    expect(snapshot()).not.toBe(before);
  });

  test('clips the gradients of the loss itself, not of the scaled one', () => {
    const v = tf.variable(tf.tensor1d([3, 4]));
    const plugin = createPrecision('16-mixed', gpu);
    const optimizer = new SGD([v], { lr: 1 });
    // The norm of 2v; a power of two as the scale leaves it exact.
    expect(trainOn(plugin, optimizer, v, 1).norm).toBe(10);
    const [a, b] = [...v.dataSync()];
    expect(Math.hypot(3 - a!, 4 - b!)).toBeCloseTo(1e-3, 6);
  });

  test('arrives at the same weights as without a scale', () => {
    const train = (plugin: PrecisionPlugin) => {
      const v = tf.variable(tf.tensor1d([0.3, -0.7, 1.1]));
      const optimizer = new AdamW([v], { lr: 0.05 });
      for (let i = 0; i < 20; i++) trainOn(plugin, optimizer, v, 1);
      return [...v.dataSync()];
    };
    // Scales are powers of two, so that scaling and unscaling change no bit.
    expect(train(createPrecision('16-mixed', gpu))).toEqual(train(createPrecision('32-true', cpu)));
  });

  test('without gradients teaches the scale nothing', () => {
    const v = tf.variable(tf.tensor1d([1]));
    const optimizer = new SGD([v], { lr: 1 });
    const plugin = createPrecision('16-mixed', gpu, { growthInterval: 1 });
    plugin.unscale(optimizer);
    expect(plugin.holdBack(optimizer)).toBe(false);
    expect(plugin.lossScale).toBe(65536);
  });

  test('goes on from its saved state', () => {
    const v = tf.variable(tf.tensor1d([1]));
    const optimizer = new SGD([v], { lr: 0.1 });
    const plugin = createPrecision('16-mixed', gpu, { growthInterval: 3 });
    for (const factor of [1e36, 1, 1]) trainOn(plugin, optimizer, v, factor);
    const resumed = createPrecision('16-mixed', gpu);
    resumed.loadStateDict(plugin.stateDict()!);
    expect(resumed.skippedSteps).toBe(1);
    for (const next of [plugin, resumed]) {
      trainOn(next, optimizer, v, 1);
      expect(next.lossScale).toBe(65536);
    }
  });
});
