import { type OrtBinding, OrtSession, type OrtTensor, type OrtTensors } from './binding.js';
import type { OnnxGraph, OnnxNode } from './onnx-model.js';

/** The inputs that every graph shares, by position. */
const INPUTS = ['a', 'b', 'c', 'd', 'e', 'f'] as const;

/** Fed where a graph has no input. */
const NOTHING: OrtTensor = { type: 'float32', dims: [0], data: new Float32Array(0) };
const BITS: readonly OrtTensor[] = [0, 1].map((bit) => ({
  type: 'bool',
  dims: [],
  data: Uint8Array.of(bit),
}));

/** Graphs per tree: opening a tree costs the square of it. */
const TREE = 8;
const DEPTH = Math.log2(TREE);

/**
 * All graphs that use several threads, in one session. Every session of ONNX Runtime owns a pool of threads, which
 * spin for 30 ms after each call, so two such sessions in turn would fight for the cores. One session has one pool:
 * a forest of `If` nodes, each tree with `TREE` graphs and an output of its own, is told by bits which graph to run.
 * A call costs 1.5 µs per tree and level more than a session of its own would.
 *
 * A new graph costs a new session (milliseconds); its predecessor goes when the garbage collector finds it.
 */
export class Switchboard {
  readonly #lines = new Map<OnnxGraph, number>();
  #session: OrtSession | undefined;

  constructor(
    readonly binding: OrtBinding,
    readonly threads: number,
    graphs: Iterable<OnnxGraph> = [],
  ) {
    for (const graph of graphs) if (Switchboard.takes(graph)) this.#lines.set(graph, this.#lines.size);
  }

  /** Whether a graph fits: up to six float32 inputs, one float32 output `y`. */
  static takes({ inputs, outputs }: OnnxGraph): boolean {
    const types = [...Object.values(inputs), ...Object.values(outputs)];
    return (
      Object.keys(inputs).length <= INPUTS.length &&
      Object.keys(outputs).join() === 'y' &&
      types.every((type) => type === 'float32')
    );
  }

  run(graph: OnnxGraph, inputs: OrtTensors, y: OrtTensor): void {
    let line = this.#lines.get(graph);
    if (line === undefined) {
      line = this.#lines.size;
      this.#lines.set(graph, line);
      this.#session = undefined;
    }
    this.#session ??= this.#open();
    const feeds: Record<string, OrtTensor> = {};
    const names = Object.keys(graph.inputs);
    for (let i = 0; i < INPUTS.length; i++) {
      const name = names[i];
      feeds[INPUTS[i]!] = name === undefined ? NOTHING : inputs[name]!;
    }
    for (let bit = 0; bit < DEPTH; bit++) feeds[`bit${bit}`] = BITS[(line >> bit) & 1]!;
    const chosen = Math.floor(line / TREE);
    for (let tree = 0; tree * TREE < this.#lines.size; tree++) {
      feeds[`tree${tree}`] = BITS[tree === chosen ? 1 : 0]!;
    }
    this.#session.run(feeds, { [`y${chosen}`]: y });
  }

  #open(): OrtSession {
    const graphs = [...this.#lines.keys()];
    const trees = Array.from({ length: Math.ceil(graphs.length / TREE) }, (_, i) => i);
    const bits = [
      ...trees.map((tree) => `tree${tree}`),
      ...Array.from({ length: DEPTH }, (_, i) => `bit${i}`),
    ];
    const model: OnnxGraph = {
      nodes: trees.map((tree) => {
        const own = graphs.slice(tree * TREE, (tree + 1) * TREE);
        return choose(`tree${tree}`, `y${tree}`, (name) => subtree(own, 0, 0, name), nothing);
      }),
      inputs: {
        ...Object.fromEntries(INPUTS.map((name) => [name, 'float32' as const])),
        ...Object.fromEntries(bits.map((name) => [name, 'bool' as const])),
      },
      outputs: Object.fromEntries(trees.map((tree) => [`y${tree}`, 'float32' as const])),
    };
    return new OrtSession(this.binding, model, this.threads);
  }
}

type Branch = (output: string) => readonly OnnxNode[];

function choose(bit: string, output: string, then: Branch, otherwise: Branch): OnnxNode {
  const branch = (nodes: Branch, name: string) => ({
    graph: { nodes: nodes(name), inputs: {}, outputs: { [name]: 'float32' as const } },
  });
  const attributes = {
    then_branch: branch(then, `${output}1`),
    else_branch: branch(otherwise, `${output}0`),
  };
  return { op: 'If', inputs: [bit], outputs: [output], attributes };
}

const nothing: Branch = (output) => [
  { op: 'Constant', inputs: [], outputs: [output], attributes: { value_float: { float: 0 } } },
];

/** The choice among the graphs whose lowest `bit` bits are those of `line`. */
function subtree(
  graphs: readonly OnnxGraph[],
  line: number,
  bit: number,
  output: string,
): readonly OnnxNode[] {
  if (bit === DEPTH) return leaf(graphs[line]!, output);
  const sibling = line | (1 << bit);
  if (sibling >= graphs.length) return subtree(graphs, line, bit + 1, output);
  const then: Branch = (name) => subtree(graphs, sibling, bit + 1, name);
  const otherwise: Branch = (name) => subtree(graphs, line, bit + 1, name);
  return [choose(`bit${bit}`, output, then, otherwise)];
}

/** The nodes of one graph, on the shared inputs, with names that no other graph has. */
function leaf({ nodes, inputs, constants = {} }: OnnxGraph, output: string): OnnxNode[] {
  const shared = new Map(Object.keys(inputs).map((name, i) => [name, INPUTS[i]!]));
  const rename = (name: string) =>
    name === 'y' ? output : name === '' ? '' : (shared.get(name) ?? `${output}:${name}`);
  const values = Object.entries(constants).map(
    ([name, value_ints]): OnnxNode => ({
      op: 'Constant',
      inputs: [],
      outputs: [rename(name)],
      attributes: { value_ints },
    }),
  );
  const renamed = nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
  }));
  return [...values, ...renamed];
}
