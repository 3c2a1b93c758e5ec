import { describe, expect, it } from 'vitest';
import '../engines/default.js';
import * as tf from '../tf.js';
import { namedParameters, namedVariables } from './named-variables.js';

describe('namedVariables', () => {
  it('names weights by property, index of a nameless layer, and weight', () => {
    const net = tf.sequential({
      layers: [
        tf.layers.dense({ inputShape: [2], units: 3 }),
        tf.layers.batchNormalization({ name: 'norm' }),
        tf.layers.dense({ units: 1, useBias: false }),
      ],
    });
    expect(Array.from(namedVariables({ net }).keys())).toEqual([
      'net.0.kernel',
      'net.0.bias',
      'net.norm.gamma',
      'net.norm.beta',
      'net.norm.moving_mean',
      'net.norm.moving_variance',
      'net.2.kernel',
    ]);
  });

  it('gives two instances of one architecture the same names', () => {
    const build = () => ({
      net: tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 3 })] }),
    });
    expect(Array.from(namedVariables(build()).keys())).toEqual(Array.from(namedVariables(build()).keys()));
  });

  it('names what is inside of nested models the same in every process', () => {
    const dense = (name?: string) => tf.layers.dense({ inputShape: [2], units: 2, ...(name && { name }) });
    const input = tf.input({ shape: [2] });
    const functional = tf.model({ inputs: input, outputs: dense('head').apply(input) as tf.SymbolicTensor });
    const net = tf.sequential({ layers: [tf.sequential({ layers: [dense()] }), functional] });
    expect(Array.from(namedVariables({ net }).keys())).toEqual([
      'net.0.0.kernel',
      'net.0.0.bias',
      'net.1.head.kernel',
      'net.1.head.bias',
    ]);
  });

  it('finds variables in arrays, maps and plain objects, each once', () => {
    const shared = tf.variable(tf.scalar(1));
    const root = {
      blocks: [{ w: shared }, { w: tf.variable(tf.scalar(2)) }],
      again: shared,
      byName: new Map([['a', tf.variable(tf.scalar(3))]]),
      self: {} as object,
      text: 'no variable',
    };
    root.self = root;
    expect(Array.from(namedVariables(root).keys())).toEqual(['blocks.0.w', 'blocks.1.w', 'byName.a']);
  });

  it('tells the weights of one layer apart when tfjs gives them one name', () => {
    const lstm = tf.layers.bidirectional({
      layer: tf.layers.lstm({ units: 2 }) as never,
      inputShape: [3, 4],
      mergeMode: 'concat',
    });
    lstm.build([null, 3, 4]);
    const names = Array.from(namedVariables({ lstm }).keys());
    expect(names).toHaveLength(6);
    expect(new Set(names).size).toBe(6);
  });
});

describe('namedParameters', () => {
  it('leaves out what is not to be trained: statistics, integers, frozen layers and models', () => {
    const dense = (trainable: boolean) =>
      tf.layers.dense({ inputShape: [2], units: 1, useBias: false, trainable });
    const later = tf.sequential({ layers: [dense(true)] });
    later.trainable = false;
    const root = {
      net: tf.sequential({ layers: [dense(true), tf.layers.batchNormalization()] }),
      frozen: tf.sequential({ layers: [dense(false)] }),
      later,
      steps: tf.variable(tf.scalar(0, 'int32')),
      scale: tf.variable(tf.scalar(1)),
      shift: tf.variable(tf.scalar(1), false),
    };
    expect(Array.from(namedParameters(root).keys())).toEqual([
      'net.0.kernel',
      'net.1.gamma',
      'net.1.beta',
      'scale',
    ]);
  });
});
