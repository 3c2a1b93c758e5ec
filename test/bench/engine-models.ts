import { scaledDotProductAttention } from '../../runtime/src/functional/attention.js';
import { crossEntropy } from '../../runtime/src/functional/cross-entropy.js';
import { embedding } from '../../runtime/src/functional/embedding.js';
import { gelu } from '../../runtime/src/functional/gelu.js';
import { layerNorm } from '../../runtime/src/functional/layer-norm.js';
import '../../runtime/src/functional/on-ort.js';
import '../../runtime/src/functional/on-torch.js';
import '../../runtime/src/optim/on-torch.js';
import { Adam } from '../../runtime/src/optim/adam.js';
import type { Optimizer } from '../../runtime/src/optim/optimizer.js';
import { SGD } from '../../runtime/src/optim/sgd.js';
import * as tf from '../../runtime/src/tf.js';

export interface BenchModel {
  params: tf.Variable[];
  optimizer: Optimizer;
  /** The batch: inputs and labels. */
  data: tf.Variable[];
  loss: () => tf.Scalar;
}

interface TransformerSize {
  batch: number;
  time: number;
  d: number;
  heads: number;
  layers: number;
  vocabulary: number;
}

/** The models of `engines_peer.py`, layer by layer. `share` of the batch, for engines that take minutes. */
export const models: Record<'mlp' | 'cnn' | 'transformer' | 'gpt', (share: number) => BenchModel> = {
  mlp(share) {
    const params = new Params();
    const layers = [params.dense(784, 512), params.dense(512, 512), params.dense(512, 10)];
    const x = constant(tf.randomNormal([128 * share, 784]));
    const labels = constant(tf.randomUniform([128 * share], 0, 10, 'int32'));
    const loss = () => {
      const hidden = layers.slice(0, -1).reduce((h, layer) => layer(h).relu(), x as tf.Tensor);
      return crossEntropy(layers.at(-1)!(hidden), labels);
    };
    return { params: params.all, optimizer: new SGD(params.all, { lr: 0.01 }), data: [x, labels], loss };
  },

  cnn(share) {
    const params = new Params();
    const convs = [params.conv(1, 32), params.conv(32, 64)];
    const hidden = params.dense(9216, 128);
    const head = params.dense(128, 10);
    const images = constant(tf.randomNormal([64 * share, 28, 28, 1]));
    const labels = constant(tf.randomUniform([64 * share], 0, 10, 'int32'));
    const loss = () => {
      const features = convs.reduce((x, conv) => conv(x).relu(), images as tf.Tensor4D);
      const flat = tf.maxPool(features, 2, 2, 'valid').reshape([64 * share, 9216]);
      return crossEntropy(head(hidden(flat).relu()), labels);
    };
    return {
      params: params.all,
      optimizer: new Adam(params.all, { lr: 1e-3 }),
      data: [images, labels],
      loss,
    };
  },

  transformer: (share) =>
    transformer({ batch: 16 * share, time: 64, d: 128, heads: 4, layers: 2, vocabulary: 256 }),

  /** For a GPU: of the shape of GPT-2 small, with half its layers. */
  gpt: (share) =>
    transformer({ batch: 8 * share, time: 512, d: 768, heads: 12, layers: 6, vocabulary: 8192 }),
};

function transformer({ batch, time, d, heads, layers, vocabulary }: TransformerSize): BenchModel {
  const params = new Params();
  const tokens = params.normal([vocabulary, d]);
  const positions = params.normal([time, d], 0.02);
  const blocks = Array.from({ length: layers }, () => ({
    norms: [params.norm(d), params.norm(d)] as const,
    qkv: params.dense(d, 3 * d),
    out: params.dense(d, d),
    up: params.dense(d, 4 * d),
    down: params.dense(4 * d, d),
  }));
  const norm = params.norm(d);
  const head = params.dense(d, vocabulary);
  const ids = constant(tf.randomUniform([batch, time], 0, vocabulary, 'int32'));
  const labels = constant(tf.randomUniform([batch, time], 0, vocabulary, 'int32'));
  const rows = batch * time;
  const loss = () => {
    let x = embedding(tokens, ids).add(positions).reshape([rows, d]) as tf.Tensor;
    for (const { norms, qkv, out, up, down } of blocks) {
      const [q, k, v] = qkv(norms[0](x))
        .split(3, 1)
        .map((part) => part.reshape([batch, time, heads, d / heads]).transpose([0, 2, 1, 3]));
      const mixed = scaledDotProductAttention(q!, k!, v!, { isCausal: true });
      x = x.add(out(mixed.transpose([0, 2, 1, 3]).reshape([rows, d])));
      x = x.add(down(gelu(up(norms[1](x)))));
    }
    return crossEntropy(head(norm(x)), labels.reshape([rows]));
  };
  return { params: params.all, optimizer: new Adam(params.all, { lr: 1e-3 }), data: [ids, labels], loss };
}

/** Data that can be replaced, but not trained. */
function constant<R extends tf.Rank>(tensor: tf.Tensor<R>): tf.Variable<R> {
  return tf.variable(tensor, false);
}

/** Makes layers and remembers their variables. */
class Params {
  readonly all: tf.Variable[] = [];

  normal(shape: number[], deviation = 1): tf.Variable {
    const variable = tf.variable(tf.randomNormal(shape, 0, deviation));
    this.all.push(variable);
    return variable;
  }

  constant(shape: number[], value: number): tf.Variable {
    const variable = tf.variable(tf.fill(shape, value));
    this.all.push(variable);
    return variable;
  }

  dense(inputs: number, outputs: number): (x: tf.Tensor) => tf.Tensor {
    const kernel = this.normal([inputs, outputs], inputs ** -0.5);
    const bias = this.constant([outputs], 0);
    return (x) => tf.matMul(x, kernel).add(bias);
  }

  conv(inputs: number, outputs: number): (x: tf.Tensor4D) => tf.Tensor4D {
    const filter = this.normal([3, 3, inputs, outputs], (9 * inputs) ** -0.5);
    const bias = this.constant([outputs], 0);
    return (x) => tf.conv2d(x, filter as tf.Variable<tf.Rank.R4>, 1, 'valid').add(bias);
  }

  norm(size: number): (x: tf.Tensor) => tf.Tensor {
    const weight = this.constant([size], 1);
    const bias = this.constant([size], 0);
    return (x) => layerNorm(x, [size], { weight, bias });
  }
}
