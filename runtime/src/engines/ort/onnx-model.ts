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

export type ElementType = 'float32' | 'int32' | 'int64' | 'bool' | 'uint8' | 'bfloat16';

export interface OnnxGraph {
  nodes: readonly OnnxNode[];
  inputs: Readonly<Record<string, ElementType>>;
  outputs: Readonly<Record<string, ElementType>>;
  /** Constant integer vectors, such as the axes of `ReduceSum`. */
  constants?: Readonly<Record<string, readonly number[]>>;
  /** Names of constants of type bfloat16, value 0. */
  bfloat16Zeros?: readonly string[];
}

const OPSET = 17;
const IR_VERSION = 8;
const DOMAINS = ['', 'com.microsoft', 'com.microsoft.nchwc'];
const elementTypes = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, bfloat16: 16 } as const;
const attributeTypes = { float: 1, int: 2, string: 3, graph: 5, ints: 7 } as const;

export function encodeModel(graph: OnnxGraph): Uint8Array {
  const model = new ProtobufWriter();
  model.int(1, IR_VERSION);
  model.message(7, (into) => writeGraph(into, graph));
  for (const domain of DOMAINS) {
    model.message(8, (into) => {
      into.text(1, domain);
      into.int(2, domain === '' ? OPSET : 1);
    });
  }
  return model.bytes();
}

function writeGraph(into: ProtobufWriter, graph: OnnxGraph): void {
  const { nodes, inputs, outputs, constants = {}, bfloat16Zeros = [] } = graph;
  for (const node of nodes) into.message(1, (inner) => writeNode(inner, node));
  into.text(2, 'kernel');
  for (const [name, values] of Object.entries(constants)) {
    const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    into.message(5, (inner) => writeConstant(inner, name, 'int64', [values.length], bytes));
  }
  for (const name of bfloat16Zeros) {
    into.message(5, (inner) => writeConstant(inner, name, 'bfloat16', [], new Uint8Array(2)));
  }
  for (const [name, type] of Object.entries(inputs))
    into.message(11, (inner) => writeValue(inner, name, type));
  for (const [name, type] of Object.entries(outputs))
    into.message(12, (inner) => writeValue(inner, name, type));
}

function writeNode(into: ProtobufWriter, { op, domain, inputs, outputs, attributes = {} }: OnnxNode): void {
  for (const name of inputs) into.text(1, name);
  for (const name of outputs) into.text(2, name);
  into.text(4, op);
  for (const [name, value] of Object.entries(attributes)) {
    into.message(5, (inner) => writeAttribute(inner, name, value));
  }
  if (domain) into.text(7, domain);
}

function writeAttribute(into: ProtobufWriter, name: string, value: Attribute): void {
  into.text(1, name);
  if (typeof value === 'number') {
    into.int(3, value);
    into.int(20, attributeTypes.int);
  } else if (typeof value === 'string') {
    into.text(4, value);
    into.int(20, attributeTypes.string);
  } else if ('float' in value) {
    into.float(2, value.float);
    into.int(20, attributeTypes.float);
  } else if ('graph' in value) {
    into.message(6, (inner) => writeGraph(inner, value.graph));
    into.int(20, attributeTypes.graph);
  } else {
    for (const each of value) into.int(8, each);
    into.int(20, attributeTypes.ints);
  }
}

function writeConstant(
  into: ProtobufWriter,
  name: string,
  type: ElementType,
  dims: readonly number[],
  bytes: Uint8Array,
): void {
  for (const dim of dims) into.int(1, dim);
  into.int(2, elementTypes[type]);
  into.text(8, name);
  into.raw(9, bytes);
}

/** A value of known element type and unknown shape, so that one model serves every shape. */
function writeValue(into: ProtobufWriter, name: string, type: ElementType): void {
  into.text(1, name);
  into.message(2, (inner) => inner.message(1, (tensor) => tensor.int(1, elementTypes[type])));
}

/** Protobuf's wire format: https://protobuf.dev/programming-guides/encoding/ */
class ProtobufWriter {
  readonly #bytes: number[] = [];

  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  int(field: number, value: number): void {
    this.#varint(field << 3);
    this.#varint(value);
  }

  float(field: number, value: number): void {
    this.#varint((field << 3) | 5);
    this.#bytes.push(...new Uint8Array(Float32Array.of(value).buffer));
  }

  text(field: number, value: string): void {
    this.raw(field, utf8.encode(value));
  }

  message(field: number, write: (inner: ProtobufWriter) => void): void {
    const inner = new ProtobufWriter();
    write(inner);
    this.raw(field, inner.#bytes);
  }

  raw(field: number, bytes: ArrayLike<number>): void {
    this.#varint((field << 3) | 2);
    this.#varint(bytes.length);
    for (let i = 0; i < bytes.length; i++) this.#bytes.push(bytes[i]!);
  }

  #varint(value: number): void {
    if (value < 0) {
      this.#negative(value);
      return;
    }
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#bytes.push((rest & 127) | 128);
    this.#bytes.push(rest);
  }

  #negative(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 127n; rest >>= 7n) this.#bytes.push(Number(rest & 127n) | 128);
    this.#bytes.push(Number(rest));
  }
}

const utf8 = new TextEncoder();
