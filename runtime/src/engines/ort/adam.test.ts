import { afterAll, beforeAll, expect, test } from 'vitest';
import { AdamW } from '../../optim/adamw.js';
import { setGrad } from '../../optim/gradients.js';
import * as tf from '../../tf.js';
import { hostView } from '../host-memory.js';
import { noise, useUnlimitedOrt } from './against-cpu.test.kit.js';

/** Trains 1000 values for 20 steps on the backend in use. */
function train(weightDecay: number): number[] {
  const param = tf.variable(noise(1000));
  const optimizer = new AdamW([param], { lr: 0.01, weightDecay });
  for (let step = 1; step <= 20; step++) {
    setGrad(
      param,
      tf.tidy(() => param.mul(step).sin()),
    );
    optimizer.step();
  }
  const trained = [...hostView(param)!];
  optimizer.dispose();
  param.dispose();
  return trained;
}

beforeAll(() => useUnlimitedOrt());
afterAll(() => tf.setBackend('cpu'));

test.each([0, 0.1])(
  'AdamW on ONNX Runtime follows the loop in JavaScript, weight decay %f',
  async (decay) => {
    const native = train(decay);
    await tf.setBackend('cpu');
    const reference = train(decay);
    await useUnlimitedOrt();
    const worst = native.reduce((worst, value, i) => Math.max(worst, Math.abs(value - reference[i]!)), 0);
    expect(native).not.toEqual(reference);
    expect(worst).toBeLessThan(2e-6);
  },
);
