import { afterAll, beforeAll, expect, test } from 'vitest';
import { setGrad } from '../../optim/gradients.js';
import { SGD, type SGDOptions } from '../../optim/sgd.js';
import * as tf from '../../tf.js';
import { hostView } from '../host-memory.js';
import { noise, useUnlimitedOrt } from './against-cpu.test.kit.js';

/** Trains 1000 values for 20 steps on the backend in use. */
function train(options: Partial<SGDOptions>): { param: number[]; buffer: number[] } {
  const param = tf.variable(noise(1000));
  const optimizer = new SGD([param], { lr: 0.013, ...options });
  for (let step = 1; step <= 20; step++) {
    setGrad(param, tf.tensor(Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i * step))));
    optimizer.step();
  }
  const buffer = optimizer.stateDict(() => 'param').tensors.param?.momentum_buffer;
  const trained = { param: [...hostView(param)!], buffer: buffer ? [...hostView(buffer)!] : [] };
  optimizer.dispose();
  param.dispose();
  return trained;
}

function distance(a: readonly number[], b: readonly number[]): number {
  return a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i]!)), 0);
}

beforeAll(() => useUnlimitedOrt());
afterAll(() => tf.setBackend('cpu'));

test.each<Partial<SGDOptions>>([
  {},
  { maximize: true },
  { weightDecay: 0.1 },
  { weightDecay: 0.1, maximize: true },
  { momentum: 0.9 },
  { momentum: 0.9, dampening: 0.2, maximize: true },
  { momentum: 0.9, dampening: 0.2, weightDecay: 0.1 },
  { momentum: 0.9, weightDecay: 0.1, maximize: true },
])('SGD on ONNX Runtime follows the loop in JavaScript: %o', async (options) => {
  const native = train(options);
  await tf.setBackend('cpu');
  const reference = train(options);
  await useUnlimitedOrt();
  expect(native.param).not.toEqual(reference.param);
  expect(distance(native.param, reference.param)).toBeLessThan(2e-6);
  expect(native.buffer).toHaveLength(reference.buffer.length);
  expect(distance(native.buffer, reference.buffer)).toBeLessThan(4e-6);
  expect(train(options)).toEqual(native);
});
