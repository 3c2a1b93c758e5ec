import type { Attribute, OnnxGraph, OnnxNode } from './onnx-model.js';

/** A graph of one node over float32 tensors, output `y`. */
export function oneNode(
  op: string,
  inputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
  domain = '',
): OnnxGraph {
  return floatGraph([{ op, domain, inputs, outputs: ['y'], attributes }], inputs);
}

/** A graph over float32 tensors, output `y`. */
export function floatGraph(nodes: readonly OnnxNode[], inputs: readonly string[]): OnnxGraph {
  return {
    nodes,
    inputs: Object.fromEntries(inputs.map((name) => [name, 'float32' as const])),
    outputs: { y: 'float32' },
  };
}

/** Adds up (or averages, …) over some axes, which are dropped. */
export function reduction(op: string, axes: readonly number[]): OnnxGraph {
  if (op !== 'ReduceSum') return oneNode(op, ['x'], { axes, keepdims: 0 });
  const node: OnnxNode = { op, inputs: ['x', 'axes'], outputs: ['y'], attributes: { keepdims: 0 } };
  return { ...floatGraph([node], ['x']), constants: { axes } };
}

/**
 * The graphs that most models use, by key. They do not depend on a model's attributes, so that several threads can
 * have them from the start.
 */
export const commonGraphs = new Map<string, OnnxGraph>();

/** Declares a common graph, returns its key. */
export function commonGraph(key: string, graph: OnnxGraph): string {
  commonGraphs.set(key, graph);
  return key;
}

/** An operator over named values, as the nodes of a graph are mostly written. */
export function node(
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, Attribute>> = {},
): OnnxNode {
  return { op, inputs, outputs: [output], attributes };
}

/** A number as a value of a graph. */
export function constant(output: string, value: number): OnnxNode {
  return node('Constant', [], output, { value_float: { float: value } });
}
