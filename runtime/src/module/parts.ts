import * as tf from '../tf.js';

/** Something that holds variables or is one, with what is below it. */
export type Part = { path: string } & (
  | { kind: 'variable'; value: tf.Variable; parts: readonly Part[] }
  | { kind: 'layer'; value: tf.layers.Layer; parts: readonly Part[] }
  | { kind: 'model'; value: tf.LayersModel; parts: readonly Part[] }
  | { kind: 'group'; value: object; parts: readonly Part[] }
);

/** tfjs's own wrapper around the variable of a layer's weight; `val` is not in its types. */
interface WeightOfLayer {
  readonly originalName: string;
  readonly val: tf.Variable;
}

/**
 * The layers, models and variables that an object holds, as a tree in declaration order. A path is made of properties,
 * array indices, and for layers and models the layer's own name or, where tfjs made the name up, its index, then the
 * weight's name: `net.0.kernel`, `encoder.attention.query`.
 *
 * What is reached twice is under its first path. Private `#fields` are out of reach.
 */
export function partsOf(root: object): Part[] {
  const seen = new Set<object>([root]);

  const visit = (value: unknown, path: string): Part[] => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return [];
    seen.add(value);
    if (value instanceof tf.Variable) {
      return value.isDisposed ? [] : [{ kind: 'variable', path, value, parts: [] }];
    }
    if (value instanceof tf.Tensor || ArrayBuffer.isView(value)) return [];
    if (value instanceof tf.LayersModel) {
      const parts = value.layers.flatMap((layer, i) => visit(layer, join(path, nameOf(layer, i))));
      return [{ kind: 'model', path, value, parts }];
    }
    if (value instanceof tf.layers.Layer) {
      const parts = weightsOf(value).flatMap(([name, weight]) => visit(weight, join(path, name)));
      return [{ kind: 'layer', path, value, parts }];
    }
    const parts = members(value).flatMap(([key, member]) => visit(member, join(path, key)));
    return parts.length === 0 ? [] : [{ kind: 'group', path, value, parts }];
  };

  return members(root).flatMap(([key, member]) => visit(member, key));
}

function members(value: object): [string, unknown][] {
  if (value instanceof Map) return Array.from(value, ([key, member]) => [`${key}`, member]);
  return Object.entries(value);
}

function weightsOf(layer: tf.layers.Layer): [name: string, weight: tf.Variable][] {
  const taken = new Set<string>();
  return (layer.weights as unknown as WeightOfLayer[]).map(({ originalName, val }) => {
    const base = originalName.slice(originalName.lastIndexOf('/') + 1);
    let name = base;
    for (let i = 1; taken.has(name); i++) name = `${base}_${i}`;
    taken.add(name);
    return [name, val];
  });
}

const join = (path: string, key: string) => (path === '' ? key : `${path}.${key}`);

/** tfjs calls what has no name `dense_Dense1` or `sequential_1`, counting in the process: no name to find it by later. */
function nameOf(layer: tf.layers.Layer, index: number): string {
  const className = layer.getClassName();
  const isMadeUp = new RegExp(`(_${className}|^${className.toLowerCase()}_?)\\d+$`).test(layer.name);
  return isMadeUp ? `${index}` : layer.name;
}
