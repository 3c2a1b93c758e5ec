import { readFileSync } from 'node:fs';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { registerTorch } from '../engines/torch/register.js';
import { addon } from '../engines/torch/torch.test.kit.js';
import * as tf from '../tf.js';
import { clipGradNorm, clipGradValue, totalNorm } from './clip-gradients.js';
import { clearGrads, gradOf, setGrad } from './gradients.js';

/** Recorded from PyTorch 2.14.1 (test/reference/README.md); tolerance 1e-6 relative. */
interface Clip {
  kind: string;
  limit: number;
  returned_total_norm: number | null;
  grad_w_before: number[][];
  grad_b_before: number[];
  grad_w: number[][];
  grad_b: number[];
}
const { clip } = JSON.parse(
  readFileSync(new URL('../../../test/reference/optimizers.json', import.meta.url), 'utf8'),
) as { clip: Clip[] };

beforeAll(async () => {
  // An engine whose memory the host does not see: cpu's kernels behind a backend that is no MathBackendCPU.
  const hidden = new Proxy(new MathBackendCPU(), { getPrototypeOf: () => tf.KernelBackend.prototype });
  tf.registerBackend('device', () => hidden as tf.KernelBackend);
  tf.copyRegisteredKernels('cpu', 'device');
  if (addon !== undefined) registerTorch(addon);
  await tf.setBackend('cpu');
  await tf.ready();
});

const variables: tf.Variable[] = [];
const withGrad = (grad: number[] | undefined) => {
  const v = tf.tidy(() => tf.variable(tf.zeros([grad?.length ?? 1])));
  if (grad !== undefined) setGrad(v, tf.tensor1d(grad));
  variables.push(v);
  return v;
};
const gradValues = (v: tf.Variable) => [...gradOf(v)!.dataSync()];
const relative = (actual: number[], expected: number[]) =>
  Math.max(...expected.map((e, i) => Math.abs(actual[i]! - e) / (Math.abs(e) || 1)));

afterEach(() => {
  clearGrads(variables);
  for (const v of variables.splice(0)) v.dispose();
});

describe.each(['cpu', 'device', ...(addon ? ['torch'] : [])])(
  'on engine %s, as recorded from PyTorch',
  (backend) => {
    beforeAll(async () => {
      await tf.setBackend(backend);
    });
    afterAll(() => tf.setBackend('cpu'));

    test.each(clip)('$kind, limit $limit', ({ kind, limit, returned_total_norm, ...grads }) => {
      const w = withGrad(grads.grad_w_before.flat());
      const b = withGrad(grads.grad_b_before);
      const unused = withGrad(undefined);
      if (kind.startsWith('clip_grad_norm_')) {
        const p = kind.endsWith('inf') ? Infinity : Number(kind.split('norm_type=')[1]);
        const norm = clipGradNorm([w, unused, b], limit, p);
        expect(relative([norm], [returned_total_norm!])).toBeLessThan(1e-6);
      } else clipGradValue([w, unused, b], limit);
      expect(relative(gradValues(w), grads.grad_w.flat())).toBeLessThan(1e-6);
      expect(relative(gradValues(b), grads.grad_b)).toBeLessThan(1e-6);
      expect(gradOf(unused)).toBeUndefined();
    });
  },
);

describe('clipGradNorm', () => {
  const gradient = fc.array(fc.float({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 8 });

  test('leaves a norm of at most the limit, and the direction', () => {
    fc.assert(
      fc.property(gradient, fc.double({ min: 0.01, max: 100, noNaN: true }), (grad, limit) => {
        const v = withGrad(grad);
        const before = clipGradNorm([v], limit);
        const after = totalNorm([gradOf(v)!]);
        expect(after).toBeLessThanOrEqual(limit * (1 + 1e-6));
        const factor = before > 0 ? after / before : 1;
        grad.forEach((g, i) => {
          expect(Math.abs(gradValues(v)[i]! - g * factor)).toBeLessThanOrEqual(1e-5 * limit);
        });
      }),
      { numRuns: 50 },
    );
  });

  test('makes every gradient NaN when the norm is', () => {
    const good = withGrad([1]);
    const bad = withGrad([Number.NaN]);
    expect(clipGradNorm([good, bad], 1)).toBeNaN();
    expect(gradValues(good)).toEqual([Number.NaN]);
  });

  test('is 0 without gradients', () => {
    expect(clipGradNorm([withGrad(undefined)], 1)).toBe(0);
    expect(clipGradNorm([], 1, Infinity)).toBe(0);
  });

  test('computes other norms', () => {
    expect(totalNorm([tf.tensor1d([3, 4]), tf.tensor1d([-5])], 3)).toBeCloseTo(
      (27 + 64 + 125) ** (1 / 3),
      10,
    );
  });

  test('refuses a negative limit and a norm type below 1', () => {
    expect(() => clipGradNorm([], -1)).toThrowError(expect.objectContaining({ code: 'PL7007' }));
    expect(() => clipGradNorm([], 1, 0)).toThrowError(expect.objectContaining({ code: 'PL7007' }));
    expect(() => clipGradValue([], Number.NaN)).toThrowError(expect.objectContaining({ code: 'PL7007' }));
  });
});
