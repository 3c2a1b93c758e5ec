import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../tf.js';
import { type CrossEntropyOptions, crossEntropy } from './cross-entropy.js';

interface FixtureTensor {
  dtype: 'float32' | 'int32' | 'bool';
  shape: number[];
  data: number[];
}

/** One recorded call of a PyTorch operation; see make-fixtures.py. */
interface Fixture {
  name: string;
  inputs: Record<string, FixtureTensor>;
  constants: Record<string, FixtureTensor>;
  attrs: Record<string, unknown>;
  dy: FixtureTensor;
  value: FixtureTensor;
  grads: Record<string, FixtureTensor>;
}

function loadFixtures<F extends Fixture = Fixture>(operation: string): F[] {
  const file = new URL(`./fixtures/${operation}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { cases: F[] }).cases;
}

function toTensor({ data, shape, dtype }: FixtureTensor): tf.Tensor {
  return tf.tensor(data, shape, dtype);
}

/** float32 against float64: 1e-5 of the value plus 2e-6 near zero, times the size of what cancels. */
function expectClose(actual: tf.Tensor, expected: FixtureTensor, what: string, size = 1): void {
  expect(actual.shape, `shape of ${what}`).toEqual(expected.shape);
  const values = actual.dataSync();
  expected.data.forEach((want, i) => {
    const allowed = 1e-5 * Math.abs(want) + 2e-6 * size;
    if (!(Math.abs(values[i]! - want) <= allowed)) {
      expect.fail(`${what}[${i}] is ${values[i]}, expected ${want} within ${allowed}`);
    }
  });
}

/** Runs `operation` on the fixture's tensors and compares its value and every gradient. */
function expectFixture(
  fixture: Fixture,
  operation: (tensors: Record<string, tf.Tensor>) => tf.Tensor,
  size = 1,
): void {
  tf.tidy(() => {
    const constants = Object.fromEntries(Object.entries(fixture.constants).map(([k, t]) => [k, toTensor(t)]));
    const names = Object.keys(fixture.inputs);
    const inputs = names.map((name) => toTensor(fixture.inputs[name]!));
    const run = (...args: tf.Tensor[]) =>
      operation({ ...constants, ...Object.fromEntries(names.map((name, i) => [name, args[i]!])) });
    const { value, grads } = tf.valueAndGrads(run)(inputs, toTensor(fixture.dy));
    expectClose(value, fixture.value, 'value', size);
    names.forEach((name, i) => {
      expectClose(grads[i]!, fixture.grads[name]!, `gradient of ${name}`, size);
    });
  });
}

beforeAll(async () => {
  await tf.setBackend('cpu');
  await tf.ready();
});

describe('crossEntropy', () => {
  test.each(loadFixtures('cross-entropy'))('$name', (fixture) => {
    expectFixture(fixture, ({ logits, labels, weight }) =>
      crossEntropy(logits!, labels!, {
        ...(fixture.attrs as CrossEntropyOptions),
        weight: weight as tf.Tensor1D,
      }),
    );
  });
});
