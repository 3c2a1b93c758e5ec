import {
  type NativeSession,
  type OrtBinding,
  type OrtTensor,
  type OrtTensors,
  openSession,
} from './binding.js';
import { encodeModel, type OnnxGraph, type OnnxNode } from './onnx-model.js';

/** The inputs that every graph shares, by position. */
const INPUTS = ['a', 'b', 'c'] as const;

/** Fed where a graph has no input. */
const NOTHING: OrtTensor = { type: 'float32', dims: [0], data: new Float32Array(0) };
const BITS: readonly OrtTensor[] = [0, 1].map((bit) => ({
  type: 'bool',
  dims: [],
  data: Uint8Array.of(bit),
}));

/**
 * All graphs that use several threads, in one session. Every session of ONNX Runtime owns a pool of threads, which
 * spin for milliseconds after each call, so two such sessions in turn would fight for the cores. One session with a
 * tree of `If` nodes, told by `bit0`, `bit1`… which graph to run, has one pool; a level of the tree costs 1.5 µs.
 *
 * A new graph costs a new session; its predecessor goes when the garbage collector finds it.
 */
export class Switchboard {
  readonly #graphs: OnnxGraph[] = [];
  #session: NativeSession | undefined;
  #depth = 0;

  constructor(
    readonly binding: OrtBinding,
    readonly threads: number,
  ) {}

  /** Whether a graph fits: up to three float32 inputs, one float32 output. */
  static takes({ inputs, outputs }: OnnxGraph): boolean {
    const types = [...Object.values(inputs), ...Object.values(outputs)];
    return Object.keys(inputs).length <= INPUTS.length && types.every((type) => type === 'float32');
  }

  /** Adds a graph and returns its number. */
  add(graph: OnnxGraph): number {
    this.#session = undefined;
    return this.#graphs.push(graph) - 1;
  }

  run(line: number, inputs: OrtTensors, y: OrtTensor): void {
    this.#session ??= this.#open();
    const feeds: Record<string, OrtTensor> = {};
    const names = Object.keys(this.#graphs[line]!.inputs);
    for (let i = 0; i < INPUTS.length; i++) {
      const name = names[i];
      feeds[INPUTS[i]!] = name === undefined ? NOTHING : inputs[name]!;
    }
    for (let bit = 0; bit < this.#depth; bit++) feeds[`bit${bit}`] = BITS[(line >> bit) & 1]!;
    this.#session.run(feeds, { y }, {});
  }

  #open(): NativeSession {
    this.#depth = Math.max(1, Math.ceil(Math.log2(this.#graphs.length)));
    const bits = Array.from({ length: this.#depth }, (_, bit) => [`bit${bit}`, 'bool'] as const);
    const model: OnnxGraph = {
      nodes: this.#choose(0, 0, 'y'),
      inputs: {
        ...Object.fromEntries(INPUTS.map((name) => [name, 'float32' as const])),
        ...Object.fromEntries(bits),
      },
      outputs: { y: 'float32' },
    };
    return openSession(this.binding, encodeModel(model), { threads: this.threads });
  }

  /** The subtree for the lines whose lowest `bit` bits are those of `line`. */
  #choose(line: number, bit: number, output: string): OnnxNode[] {
    if (bit === this.#depth) return this.#leaf(line, output);
    const sibling = line | (1 << bit);
    if (sibling >= this.#graphs.length) return this.#choose(line, bit + 1, output);
    const branch = (number: number, name: string) => {
      const nodes = this.#choose(number, bit + 1, name);
      return { graph: { nodes, inputs: {}, outputs: { [name]: 'float32' as const } } };
    };
    const node: OnnxNode = {
      op: 'If',
      inputs: [`bit${bit}`],
      outputs: [output],
      attributes: {
        else_branch: branch(line, `${output}0`),
        then_branch: branch(sibling, `${output}1`),
      },
    };
    return [node];
  }

  /** The nodes of one graph, on the shared inputs, with names that no other graph has. */
  #leaf(line: number, output: string): OnnxNode[] {
    const { nodes, inputs, constants = {} } = this.#graphs[line]!;
    const shared = new Map(Object.keys(inputs).map((name, i) => [name, INPUTS[i]!]));
    const rename = (name: string) =>
      name === 'y' ? output : name === '' ? '' : (shared.get(name) ?? `${output}:${name}`);
    const values = Object.entries(constants).map(
      ([name, ints]): OnnxNode => ({
        op: 'Constant',
        inputs: [],
        outputs: [rename(name)],
        attributes: { value_ints: ints },
      }),
    );
    const renamed = nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(rename),
      outputs: node.outputs.map(rename),
    }));
    return [...values, ...renamed];
  }
}
