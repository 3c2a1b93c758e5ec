import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { registerDeviceBackend } from '../engines/hidden-memory.test.support.js';
import { clipGradNorm } from '../optim/clip-gradients.js';
import { clearGrads, gradOf, setGrad } from '../optim/gradients.js';
import { SGD } from '../optim/sgd.js';
import * as tf from '../tf.js';
import { GradScaler, type GradScalerState } from './grad-scaler.js';

type Plain = number | 'NaN' | 'Infinity' | '-Infinity';

/** Recorded from PyTorch's GradScaler: see fixtures/README.md. */
interface Recording {
  name: string;
  options: Partial<Record<'init_scale' | 'growth_factor' | 'backoff_factor' | 'growth_interval', number>>;
  start: number[][];
  iterations: {
    scaled: (Plain[] | null)[];
    unscale: boolean;
    clip: number | null;
    grads: (Plain[] | null)[];
    params: number[][];
    scale: number;
    growth_tracker: number;
    skipped: boolean;
  }[];
  state: Record<string, number>;
}
const recordings = JSON.parse(
  readFileSync(new URL('fixtures/grad-scaler.json', import.meta.url), 'utf8'),
) as Recording[];

beforeAll(registerDeviceBackend);

const variables: tf.Variable[] = [];
const variable = (values: number[]) => {
  const v = tf.tidy(() => tf.variable(tf.tensor1d(values)));
  variables.push(v);
  return v;
};
afterEach(() => {
  clearGrads(variables);
  for (const v of variables.splice(0)) v.dispose();
});

const scalerOf = ({ options }: Recording) =>
  new GradScaler({
    ...(options.init_scale !== undefined && { initScale: options.init_scale }),
    ...(options.growth_factor !== undefined && { growthFactor: options.growth_factor }),
    ...(options.backoff_factor !== undefined && { backoffFactor: options.backoff_factor }),
    ...(options.growth_interval !== undefined && { growthInterval: options.growth_interval }),
  });

function expectClose(actual: Float32Array, expected: readonly Plain[], tolerance: number): void {
  expect(actual).toHaveLength(expected.length);
  expected.map(Number).forEach((e, i) => {
    if (Number.isFinite(e)) expect(Math.abs(actual[i]! - e)).toBeLessThanOrEqual(tolerance);
    else expect(actual[i]).toBe(e);
  });
}

describe.each(['cpu', 'device'])("on engine %s, PyTorch's GradScaler over the sequence", (backend) => {
  beforeAll(async () => {
    await tf.setBackend(backend);
  });
  afterAll(() => tf.setBackend('cpu'));

  test.each(recordings)('$name', (recording) => {
    const scaler = scalerOf(recording);
    const params = recording.start.map((values) => variable(values));
    const optimizer = new SGD(params, { lr: 0.1, momentum: 0.9 });
    let skippedSteps = 0;
    let largest = 0;
    for (const { scaled, unscale, clip, ...expected } of recording.iterations) {
      optimizer.zeroGrad();
      params.forEach((v, i) => {
        if (scaled[i]) setGrad(v, tf.tensor1d(scaled[i].map(Number)));
      });
      if (unscale) scaler.unscale(optimizer);
      if (clip !== null) clipGradNorm(params, clip);
      scaler.step(optimizer);
      scaler.update();
      if (expected.skipped) skippedSteps++;
      expect(scaler.skippedSteps).toBe(skippedSteps);
      expect(scaler.currentScale).toBe(expected.scale);
      const { _growth_tracker: tracker } = scaler.stateDict();
      expect(tracker).toBe(expected.growth_tracker);
      params.forEach((v, i) => {
        const grad = gradOf(v)?.dataSync() as Float32Array | undefined;
        // One multiplication in float32: the same bits. The norm that clips is summed in another order.
        if (expected.grads[i]) expectClose(grad!, expected.grads[i], clip === null ? 0 : 1e-6 * clip);
        else expect(grad).toBeUndefined();
        // Rounding errors stay as large as the largest value was that took part.
        largest = Math.max(largest, ...expected.params[i]!.map(Math.abs));
        expectClose(v.dataSync() as Float32Array, expected.params[i]!, 1e-6 * largest);
      });
    }
    expect(scaler.stateDict()).toEqual({ ...recording.state, skipped_steps: skippedSteps });
    optimizer.dispose();
  });
});

describe('GradScaler', () => {
  const setUp = (grad: number[] = [2]) => {
    const v = variable(grad.map(() => 1));
    setGrad(v, tf.tensor1d(grad));
    return { v, optimizer: new SGD([v], { lr: 0.5 }) };
  };

  test('multiplies a loss by the scale', () => {
    const loss = tf.scalar(3);
    expect(new GradScaler({ initScale: 8 }).scale(loss).dataSync()[0]).toBe(24);
    expect(new GradScaler({ enabled: false }).scale(loss)).toBe(loss);
  });

  test("has PyTorch's defaults", () => {
    expect(new GradScaler().stateDict()).toEqual({
      scale: 65536,
      growth_factor: 2,
      backoff_factor: 0.5,
      growth_interval: 2000,
      _growth_tracker: 0,
      skipped_steps: 0,
    });
  });

  test('hands all gradients to an engine that does it in one call', () => {
    const { v, optimizer } = setUp([4, 8]);
    const calls: [number, number][] = [];
    const scaler = new GradScaler({ initScale: 4 }, (grads, factor) => {
      calls.push([grads.length, factor]);
      return false;
    });
    scaler.step(optimizer);
    scaler.update();
    expect(calls).toEqual([[1, 0.25]]);
    expect([...v.dataSync()]).toEqual([1, 1]);
    expect(scaler.currentScale).toBe(2);
  });

  test('shrinks the scale when one of several optimizers overflows, and steps the other', () => {
    const good = setUp([2]);
    const bad = setUp([Number.POSITIVE_INFINITY]);
    const scaler = new GradScaler({ initScale: 2 });
    scaler.step(good.optimizer);
    scaler.step(bad.optimizer);
    scaler.update();
    expect(scaler.currentScale).toBe(1);
    expect(good.v.dataSync()[0]).toBe(0.5);
    expect(bad.v.dataSync()[0]).toBe(1);
  });

  test('goes on from a saved state as if it had not stopped', () => {
    const recording = recordings.find(({ name }) => name === 'odd factors')!;
    const run = (scaler: GradScaler, iterations: Recording['iterations']) =>
      iterations.map(({ scaled }) => {
        const params = scaled.flatMap((grad) => {
          if (grad === null) return [];
          const v = variable(grad.map(() => 0));
          setGrad(v, tf.tensor1d(grad.map(Number)));
          return [v];
        });
        scaler.step(new SGD(params, { lr: 0.1 }));
        scaler.update();
        return scaler.currentScale;
      });
    const whole = scalerOf(recording);
    const scales = run(whole, recording.iterations);
    const first = scalerOf(recording);
    run(first, recording.iterations.slice(0, 11));
    const resumed = new GradScaler();
    resumed.loadStateDict(JSON.parse(JSON.stringify(first.stateDict())) as GradScalerState);
    expect(run(resumed, recording.iterations.slice(11))).toEqual(scales.slice(11));
    expect(resumed.stateDict()).toEqual(whole.stateDict());
  });

  test('passes everything through when it is not enabled', () => {
    const { v, optimizer } = setUp([Number.NaN]);
    const scaler = new GradScaler({ enabled: false });
    scaler.unscale(optimizer);
    scaler.step(optimizer);
    scaler.update();
    expect(v.dataSync()[0]).toBeNaN();
    expect(scaler.stateDict()).toEqual({});
    expect(scaler.currentScale).toBe(1);
    scaler.loadStateDict({});
  });

  test.each<[string, (scaler: GradScaler, optimizer: SGD) => void, string]>([
    [
      'unscale twice',
      (scaler, optimizer) => {
        scaler.unscale(optimizer);
        scaler.unscale(optimizer);
      },
      'unscale was called twice for one optimizer',
    ],
    [
      'unscale after step',
      (scaler, optimizer) => {
        scaler.step(optimizer);
        scaler.unscale(optimizer);
      },
      'unscale was called after the optimizer had stepped',
    ],
    [
      'step twice',
      (scaler, optimizer) => {
        scaler.step(optimizer);
        scaler.step(optimizer);
      },
      'an optimizer steps twice',
    ],
    ['update first', (scaler) => scaler.update(), 'update was called and no optimizer had stepped'],
    [
      'step without gradients',
      (scaler, optimizer) => {
        optimizer.zeroGrad();
        scaler.step(optimizer);
      },
      'the optimizer has no gradients',
    ],
  ])('refuses %s', (_, misuse, message) => {
    const { optimizer } = setUp();
    expect(() => misuse(new GradScaler(), optimizer)).toThrow(
      expect.objectContaining({ code: 'PL8203', message: `GradScaler: ${message}` }),
    );
  });

  test.each([
    { initScale: 0 },
    { initScale: Number.POSITIVE_INFINITY },
    { initScale: 1e39 },
    { growthFactor: 1 },
    { backoffFactor: 1 },
    { backoffFactor: 0 },
    { growthInterval: 0 },
    { growthInterval: 1.5 },
  ])('refuses %o', (options) => {
    expect(() => new GradScaler(options)).toThrow(expect.objectContaining({ code: 'PL8204' }));
  });

  test.each([
    {},
    { ...(new GradScaler().stateDict() as object), scale: 'x' },
    { ...(new GradScaler().stateDict() as object), _growth_tracker: -1 },
    { ...(new GradScaler().stateDict() as object), skipped_steps: 0.5 },
  ])('refuses the state %o and stays as it was', (state) => {
    const scaler = new GradScaler();
    const before = scaler.stateDict();
    expect(() => scaler.loadStateDict(state as GradScalerState)).toThrow(
      expect.objectContaining({ code: 'PL8204' }),
    );
    expect(scaler.stateDict()).toEqual(before);
  });
});
