import * as tf from '../tf.js';

/** tfjs's own wrapper around the variable of a layer's weight; `val` is not in its types. */
interface WeightOfLayer {
  readonly originalName: string;
  readonly val: tf.Variable;
}

/**
 * Every tfjs variable that an object holds, in declaration order, by the path that leads to it: properties, array
 * indices, and for layers and models the layer's own name or, where tfjs made the name up, its index, then the
 * weight's name: `net.0.kernel`, `encoder.attention.query`.
 *
 * Variables reached twice keep their first path. Private `#fields` are out of reach.
 */
export function namedVariables(root: object): Map<string, tf.Variable> {
  const found = new Map<string, tf.Variable>();
  const seen = new Set<object>();

  const visit = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    if (value instanceof tf.Variable) {
      if (!value.isDisposed) found.set(path, value);
    } else if (value instanceof tf.Tensor || ArrayBuffer.isView(value)) {
      // holds no variables
    } else if (value instanceof tf.LayersModel) {
      for (const [i, layer] of value.layers.entries()) {
        visit(layer, join(path, madeUpName(layer) ? `${i}` : layer.name));
      }
    } else if (value instanceof tf.layers.Layer) {
      visitWeights(value, path);
    } else if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) visit(item, join(path, `${i}`));
    } else if (value instanceof Map) {
      for (const [key, item] of value) visit(item, join(path, `${key}`));
    } else {
      for (const [key, item] of Object.entries(value)) visit(item, join(path, key));
    }
  };

  const visitWeights = (layer: tf.layers.Layer, path: string): void => {
    const taken = new Set<string>();
    for (const { originalName, val } of layer.weights as unknown as WeightOfLayer[]) {
      const base = originalName.slice(originalName.lastIndexOf('/') + 1);
      let name = base;
      for (let i = 1; taken.has(name); i++) name = `${base}_${i}`;
      taken.add(name);
      visit(val, join(path, name));
    }
  };

  visit(root, '');
  return found;
}

const join = (path: string, key: string) => (path === '' ? key : `${path}.${key}`);

/** tfjs names a layer without a name `dense_Dense1`, counting in the process: no name to find it by later. */
function madeUpName(layer: tf.layers.Layer): boolean {
  return new RegExp(`_${layer.getClassName()}\\d+$`).test(layer.name);
}
