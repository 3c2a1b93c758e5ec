import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerDeviceBackend } from '../engines/hidden-memory.test.support.js';
import { clearGrads, gradOf, setGrad } from '../optim/gradients.js';
import * as tf from '../tf.js';
import { unscaleGradients } from './unscale-gradients.js';

beforeAll(registerDeviceBackend);

describe.each(['cpu', 'device'])('unscaleGradients on engine %s', (backend) => {
  beforeAll(async () => {
    await tf.setBackend(backend);
  });
  afterAll(() => tf.setBackend('cpu'));

  test('multiplies every gradient and finds what is not finite, wherever it stands', () => {
    const values = fc.array(fc.float(), { minLength: 1, maxLength: 6 });
    const factor = fc.constantFrom(1, 0.5, 2 ** -16, Math.fround(1 / 3));
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 4 }), factor, (gradients, scale) => {
        const params = gradients.map((gradient) => {
          const v = tf.tidy(() => tf.variable(tf.zeros([gradient.length])));
          setGrad(v, tf.tensor1d(gradient));
          return v;
        });
        const { numTensors } = tf.memory();
        const finite = unscaleGradients(params, scale);
        expect(tf.memory().numTensors).toBe(numTensors);
        expect(finite).toBe(gradients.flat().every(Number.isFinite));
        const after = params.map((v) => [...gradOf(v)!.dataSync()]);
        expect(after).toEqual(gradients.map((gradient) => gradient.map((x) => Math.fround(x * scale))));
        clearGrads(params);
        for (const v of params) v.dispose();
      }),
    );
  });

  test('says when there is nothing to look at', () => {
    const v = tf.tidy(() => tf.variable(tf.zeros([2])));
    expect(unscaleGradients([v], 0.5)).toBeUndefined();
    expect(unscaleGradients([], 0.5)).toBeUndefined();
    v.dispose();
  });
});
