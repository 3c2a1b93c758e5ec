import { describe, expect, test } from 'vitest';
import * as tf from '../tf.js';
import './default.js';
import { openForWriting } from './overwrite.js';
import { selectEngine } from './select.js';
import { addon } from './torch/torch.test.kit.js';

const engines: readonly ('ort' | 'torch')[] = addon === undefined ? ['ort'] : ['ort', 'torch'];

function write(tensor: tf.Tensor, numbers: readonly number[]): void {
  const opened = openForWriting(tensor);
  opened.values.set(numbers);
  opened.store();
}

describe.each(engines)('openForWriting on %s', (engine) => {
  test('replaces the values of a tensor, under the same data id', async () => {
    await selectEngine({ engine });
    for (const dtype of ['float32', 'int32', 'bool'] as const) {
      const x = tf.tensor1d([1, 0, 1], dtype);
      const { dataId } = x;
      write(x, [0, 1, 1]);
      expect([...x.dataSync()]).toEqual([0, 1, 1]);
      expect([...x.toFloat().mul(2).dataSync()]).toEqual([0, 2, 2]);
      expect(x.dataId).toBe(dataId);
    }
  });

  test('leaves what shares the data of a variable as it was', async () => {
    await selectEngine({ engine });
    const values = new Float32Array([1, 2]);
    const variable = tf.variable(tf.tensor1d(values));
    const clone = variable.clone();
    write(variable, [3, 4]);
    expect([...variable.dataSync()]).toEqual([3, 4]);
    expect([...clone.dataSync()]).toEqual([1, 2]);
    expect([...values]).toEqual([1, 2]);
  });

  test('writes to a variable that was made on another engine', async () => {
    await tf.setBackend('cpu');
    const variable = tf.variable(tf.tensor1d([1, 2]));
    await selectEngine({ engine });
    write(variable, [3, 4]);
    expect([...variable.mul(2).dataSync()]).toEqual([6, 8]);
  });

  test('frees what the tensor had', async () => {
    await selectEngine({ engine });
    const x = tf.tensor1d([1, 2]);
    const before = [tf.memory().numTensors, tf.backend().numDataIds()];
    for (let i = 0; i < 3; i++) write(x, [i, i]);
    expect([tf.memory().numTensors, tf.backend().numDataIds()]).toEqual(before);
  });

  test('refuses complex numbers and strings', async () => {
    await selectEngine({ engine });
    for (const x of [tf.tensor1d(['a']), tf.complex([1], [2])]) {
      expect(() => openForWriting(x)).toThrow(/cannot be written in place/);
    }
  });
});
