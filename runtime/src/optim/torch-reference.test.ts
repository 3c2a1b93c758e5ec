import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import '../engines/default.js';
import { registerTorch } from '../engines/torch/register.js';
import { addon } from '../engines/torch/torch.test.kit.js';
import * as tf from '../tf.js';
import { Adadelta } from './adadelta.js';
import { Adagrad } from './adagrad.js';
import { Adam } from './adam.js';
import { Adamax } from './adamax.js';
import { AdamW } from './adamw.js';
import { ASGD } from './asgd.js';
import type { ElementwiseOptimizer, ParamScalars, Values } from './elementwise-optimizer.js';
import { clearGrads, setGrad } from './gradients.js';
import { NAdam } from './nadam.js';
import type { OptimizerOptions, OptimizerParams } from './optimizer.js';
import { RAdam } from './radam.js';
import { RMSprop } from './rmsprop.js';
import { Rprop } from './rprop.js';
import { SGD } from './sgd.js';
import './on-torch.js';

/*
 * Trajectories that PyTorch 2.14.1 recorded (test/reference/README.md): ten steps on a quadratic problem of eight
 * numbers, in float32 and float64. float32 values may differ by 2e-5 relative (two builds of PyTorch differ by
 * 1.3e-5 themselves) plus 2e-7 absolute, near zero; float64 values, which only see the update arithmetic, by 1e-12.
 * PyTorch holds NAdam's `mu_product` and ASGD's `eta` in float32 even then, so these two get 1e-6.
 */
const float64Tolerance: Record<string, number> = { NAdam: 1e-6, ASGD: 1e-6 };

type Row = number | Row[];
interface Step {
  grad_w: Row;
  grad_b: Row;
  w: Row;
  b: Row;
}
interface Case {
  optimizer: string;
  args: Record<string, unknown>;
  steps: Step[];
  state_of_w_after: Record<string, Row>;
  defaults: Record<string, unknown>;
}
interface Reference {
  problem: Record<'w0' | 'b0' | 'A' | 'C' | 'BA' | 'BC', Row>;
  float32: Record<string, Case>;
  float64: Record<string, Case>;
}

const reference: Reference = JSON.parse(
  readFileSync(new URL('../../../test/reference/optimizers.json', import.meta.url), 'utf8'),
);
const flat = (row: Row): number[] => (typeof row === 'number' ? [row] : row.flatMap(flat));
const { w0, b0, A, C, BA, BC } = Object.fromEntries(
  Object.entries(reference.problem).map(([name, row]) => [name, typeof row === 'string' ? [] : flat(row)]),
) as Record<string, number[]>;

type OptimizerClass = new (
  params: OptimizerParams<OptimizerOptions>,
  options: Partial<OptimizerOptions>,
) => ElementwiseOptimizer<OptimizerOptions>;

const classes = {
  SGD,
  Adam,
  AdamW,
  Adamax,
  RAdam,
  NAdam,
  RMSprop,
  Adagrad,
  Adadelta,
  Rprop,
  ASGD,
} as unknown as Record<string, OptimizerClass>;

const camelCase = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
const camelKeys = (args: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(args).map(([name, value]) => [camelCase(name), value]));

function expectClose(
  actual: ArrayLike<number>,
  expected: number[],
  relative: number,
  absolute: number,
  what: string,
) {
  expect(actual.length, what).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    const allowed = relative * Math.abs(expected[i]!) + absolute;
    if (!(difference <= allowed)) {
      expect.fail(`${what}[${i}] is ${actual[i]}, expected ${expected[i]} within ${allowed}`);
    }
  }
}

/** The gradient of the problem: `scale * (values - center)`. */
const gradient = (values: Values, scale: number[], center: number[]) =>
  values.map((value, i) => scale[i]! * (value - center[i]!)) as Float32Array;

if (addon !== undefined) registerTorch(addon);
beforeAll(() => tf.setBackend('cpu'));

describe('every recorded optimizer exists', () => {
  test.each([...new Set(Object.values(reference.float32).map(({ optimizer }) => optimizer))])(
    '%s',
    (name) => {
      expect(classes).toHaveProperty(name);
    },
  );
});

describe.each(Object.entries(reference.float32))('%s in float32', (_, reference32) => {
  const { optimizer: name, args, steps, state_of_w_after, defaults } = reference32;

  test.each([
    ['cpu', false],
    ['torch', addon === undefined],
  ])('follows the recorded trajectory and ends in the recorded state on %s', async (engine, missing) => {
    if (missing) return;
    await tf.setBackend(engine);
    const w = tf.variable(tf.tensor(w0!, [3, 2]));
    const b = tf.variable(tf.tensor1d(b0!));
    const optimizer = new classes[name]!([w, b], camelKeys(args));
    steps.forEach((step, i) => {
      setGrad(w, tf.tensor(gradient(w.dataSync() as Float32Array, A!, C!), [3, 2]));
      setGrad(b, tf.tensor1d(gradient(b.dataSync() as Float32Array, BA!, BC!)));
      optimizer.step();
      expectClose(w.dataSync(), flat(step.w), 2e-5, 2e-7, `w after step ${i + 1}`);
      expectClose(b.dataSync(), flat(step.b), 2e-5, 2e-7, `b after step ${i + 1}`);
    });
    const { tensors, scalars } = optimizer.stateDict((v) => (v === w ? 'w' : 'b'));
    for (const [slot, row] of Object.entries(state_of_w_after)) {
      if (row === null) continue;
      const ours = tensors.w![slot]?.dataSync() ?? [scalars.state.w![slot]!];
      expectClose(ours, flat(row), 2e-5, 2e-7, slot);
    }
    clearGrads([w, b]);
    optimizer.dispose();
    w.dispose();
    b.dispose();
    await tf.setBackend('cpu');
  });

  test("has PyTorch's defaults", () => {
    const w = tf.variable(tf.scalar(0));
    const optimizer = new classes[name]!([w], camelKeys(args));
    const recorded = camelKeys(defaults);
    for (const [option, value] of Object.entries(optimizer.defaults))
      expect([option, value]).toEqual([option, recorded[option]]);
    optimizer.dispose();
    w.dispose();
  });
});

describe.each(Object.entries(reference.float64))('%s in float64', (_, { optimizer: name, args, steps }) => {
  test('follows the recorded trajectory', () => {
    const v = tf.variable(tf.tensor1d([0]));
    const optimizer = new classes[name]!([v], camelKeys(args));
    const group = optimizer.paramGroups[0]!;
    const parameter = (values: number[], scale: number[], center: number[]) => {
      const { tensors, scalars } = optimizer.stateDict(() => 'v');
      return {
        values: Float64Array.from(values),
        scale,
        center,
        scalars: { ...scalars.state.v } as ParamScalars,
        state: Object.fromEntries(
          Object.entries(tensors.v!).map(([slot, initial]) => [
            slot,
            new Float64Array(values.length).fill(slot === 'step_size' ? group.lr : initial.dataSync()[0]!),
          ]),
        ),
      };
    };
    const w = parameter(w0!, A!, C!);
    const b = parameter(b0!, BA!, BC!);
    steps.forEach((step, i) => {
      for (const { values, scale, center, state, scalars } of [w, b]) {
        optimizer.update(values, gradient(values, scale, center), state, scalars, group);
      }
      expectClose(w.values, flat(step.w), float64Tolerance[name] ?? 1e-12, 1e-14, `w after step ${i + 1}`);
      expectClose(b.values, flat(step.b), float64Tolerance[name] ?? 1e-12, 1e-14, `b after step ${i + 1}`);
    });
    optimizer.dispose();
    v.dispose();
  });
});
