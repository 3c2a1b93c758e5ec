/**
 * Writes ONNX models: the few messages of `onnx.proto` (IR version 8) that a graph of a few nodes needs, in
 * protobuf's wire format. Field numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
 */

/** Whole numbers and lists of them are ints; a real number is written as `{ float: 0.5 }`. */
export type Attribute = number | readonly number[] | string | { float: number } | { graph: OnnxGraph };

export interface OnnxNode {
  op: string;
  /** Empty for ONNX's own operators, `com.microsoft` and such for ONNX Runtime's. */
  domain?: string;
  /** An empty name stands for an optional input that is left out. */
  inputs: readonly string[];
  outputs: readonly string[];
  attributes?: Readonly<Record<string, Attribute>>;
}

export type ElementType = 'float32' | 'int32' | 'int64' | 'bool' | 'uint8';

export interface OnnxGraph {
  nodes: readonly OnnxNode[];
  inputs: Readonly<Record<string, ElementType>>;
  outputs: Readonly<Record<string, ElementType>>;
  /** Constant integer vectors, such as the axes of `ReduceSum`. */
  constants?: Readonly<Record<string, readonly number[]>>;
}

const OPSET = 17;
const IR_VERSION = 8;
const DOMAINS = ['', 'com.microsoft', 'com.microsoft.nchwc'];
const elementTypes = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9 } as const;
const attributeTypes = { float: 1, int: 2, string: 3, graph: 5, ints: 7 } as const;

export function encodeModel(graph: OnnxGraph): Uint8Array {
  return Uint8Array.from(
    [
      int(1, IR_VERSION),
      message(7, encodeGraph(graph)),
      ...DOMAINS.map((domain) => message(8, [...text(1, domain), ...int(2, domain ? 1 : OPSET)])),
    ].flat(),
  );
}

function encodeGraph({ nodes, inputs, outputs, constants = {} }: OnnxGraph): number[] {
  return [
    ...nodes.map((node) => message(1, encodeNode(node))),
    text(2, 'kernel'),
    ...Object.entries(constants).map(([name, values]) => message(5, encodeConstant(name, values))),
    ...Object.entries(inputs).map(([name, type]) => message(11, encodeValue(name, type))),
    ...Object.entries(outputs).map(([name, type]) => message(12, encodeValue(name, type))),
  ].flat();
}

function encodeNode({ op, domain, inputs, outputs, attributes = {} }: OnnxNode): number[] {
  return [
    ...inputs.flatMap((name) => text(1, name)),
    ...outputs.flatMap((name) => text(2, name)),
    ...text(4, op),
    ...Object.entries(attributes).flatMap(([name, value]) => message(5, encodeAttribute(name, value))),
    ...(domain ? text(7, domain) : []),
  ];
}

function encodeAttribute(name: string, value: Attribute): number[] {
  const head = text(1, name);
  if (typeof value === 'number') return [...head, ...int(3, value), ...int(20, attributeTypes.int)];
  if (typeof value === 'string') return [...head, ...text(4, value), ...int(20, attributeTypes.string)];
  if ('float' in value) return [...head, ...float(2, value.float), ...int(20, attributeTypes.float)];
  if ('graph' in value) {
    return [...head, ...message(6, encodeGraph(value.graph)), ...int(20, attributeTypes.graph)];
  }
  return [...head, ...value.flatMap((each) => int(8, each)), ...int(20, attributeTypes.ints)];
}

function encodeConstant(name: string, values: readonly number[]): number[] {
  const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return [
    ...int(1, values.length),
    ...int(2, elementTypes.int64),
    ...text(8, name),
    ...message(9, [...bytes]),
  ];
}

/** A value of known element type and unknown shape, so that one model serves every shape. */
function encodeValue(name: string, type: ElementType): number[] {
  return [...text(1, name), ...message(2, message(1, int(1, elementTypes[type])))];
}

function int(field: number, value: number): number[] {
  return [...varint(field << 3), ...varint(value)];
}

function float(field: number, value: number): number[] {
  return [...varint((field << 3) | 5), ...new Uint8Array(Float32Array.of(value).buffer)];
}

function message(field: number, bytes: readonly number[]): number[] {
  return [...varint((field << 3) | 2), ...varint(bytes.length), ...bytes];
}

function text(field: number, value: string): number[] {
  return message(field, [...new TextEncoder().encode(value)]);
}

function varint(value: number): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}
