import { describe, expect, it } from 'vitest';
import '../engines/default.js';
import { LightningModule } from '../module/lightning-module.js';
import * as tf from '../tf.js';
import { summarize } from './summarize.js';

const convnet = () =>
  tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [8, 8, 1], filters: 4, kernelSize: 3 }),
      tf.layers.batchNormalization(),
      tf.layers.flatten(),
      tf.layers.dense({ units: 10, name: 'head' }),
    ],
  });

class Convnet extends LightningModule {
  readonly net = convnet();
}

class Parts extends LightningModule {
  readonly encoder = {
    frozen: tf.layers.dense({ units: 3, trainable: false }),
    gates: [tf.variable(tf.ones([2, 2]))],
  };
  readonly counter = tf.variable(tf.scalar(0, 'int32'), false);
  readonly net = convnet();
  readonly same = this.net;

  constructor() {
    super();
    this.encoder.frozen.build([null, 2]);
  }
}

const column = <Name extends string>(rows: readonly Record<Name, unknown>[], name: Name) =>
  rows.map((row) => row[name]);

describe('summarize', () => {
  it('shows the layers of a module that is one model', () => {
    const { rows, ...totals } = summarize(new Convnet());
    expect(column(rows, 'path')).toEqual(['net', 'net.0', 'net.1', 'net.2', 'net.head']);
    expect(column(rows, 'type')).toEqual(['Sequential', 'Conv2D', 'BatchNormalization', 'Flatten', 'Dense']);
    // 4 filters of 3×3 and 4 biases; gamma, beta and two moving averages of 4 channels; 144×10 and 10.
    expect(column(rows, 'parameters')).toEqual([40 + 16 + 1450, 40, 16, 0, 1450]);
    expect(column(rows, 'trainableParameters')).toEqual([40 + 8 + 1450, 40, 8, 0, 1450]);
    expect(column(rows, 'mode')).toEqual(['train', 'train', 'train', undefined, 'train']);
    expect(column(rows, 'outputShapes')).toEqual([
      [[null, 10]],
      [[null, 6, 6, 4]],
      [[null, 6, 6, 4]],
      [[null, 144]],
      [[null, 10]],
    ]);
    expect(totals).toEqual({
      trainableParameters: 1498,
      nonTrainableParameters: 8,
      totalParameters: 1506,
      megabytes: 0.006024,
    });
  });

  it('shows the parts of a module that has several, each once', () => {
    const { rows } = summarize(new Parts());
    expect(rows.map(({ path, type, parameters, mode }) => [path, type, parameters, mode])).toEqual([
      ['encoder', 'Object', 9 + 4, 'train'],
      ['counter', 'Variable', 1, 'frozen'],
      ['net', 'Sequential', 1506, 'train'],
    ]);
  });

  it('goes as deep as asked, but not into layers', () => {
    const at = (maxDepth: number) => column(summarize(new Parts(), { maxDepth }).rows, 'path');
    expect(at(0)).toEqual([]);
    expect(at(2)).toContain('encoder.gates');
    expect(at(2)).not.toContain('encoder.gates.0');
    expect(at(-1)).toEqual([
      'encoder',
      'encoder.frozen',
      'encoder.gates',
      'encoder.gates.0',
      'counter',
      'net',
      'net.0',
      'net.1',
      'net.2',
      'net.head',
    ]);
  });

  it('leaves out the shape of a layer that was never called', () => {
    const { rows } = summarize(new Parts(), { maxDepth: -1 });
    expect(rows.find(({ path }) => path === 'encoder.frozen')).toMatchObject({
      outputShapes: [],
      mode: 'frozen',
    });
    expect(rows.find(({ path }) => path === 'encoder.gates.0')).toMatchObject({ outputShapes: [[2, 2]] });
  });

  it('counts no parameters where there are none', () => {
    expect(summarize(new (class extends LightningModule {})())).toEqual({
      rows: [],
      trainableParameters: 0,
      nonTrainableParameters: 0,
      totalParameters: 0,
      megabytes: 0,
    });
  });
});
