import { type OrtBinding, OrtSession, type OrtTensors } from './binding.js';
import { commonGraphs } from './graphs.js';
import type { OnnxGraph } from './onnx-model.js';
import { Switchboard } from './switchboard.js';

/**
 * One graph, ready to run on any shapes. With `parallel`, it may use all threads of the engine: for calls that take
 * some 100 µs or more. Whether a call is parallel must depend on its shapes alone, because the number of threads
 * may change the last bits of a result, and a run that is repeated must give the same.
 */
export type Compiled = (inputs: OrtTensors, outputs: OrtTensors, parallel?: boolean) => void;

/** The graphs of one engine, compiled at first use (1 to 2 ms each) and kept until the process ends. */
export class Sessions {
  readonly #compiled = new Map<string, Compiled>();
  readonly #switchboard: Switchboard | undefined;

  constructor(
    readonly binding: OrtBinding,
    readonly threads: number,
  ) {
    this.#switchboard = threads > 1 ? new Switchboard(binding, threads, commonGraphs.values()) : undefined;
  }

  /**
   * The compiled graph for `key`, which must name everything that `graph` depends on. Common graphs are known by
   * their key.
   */
  get(key: string, graph?: () => OnnxGraph): Compiled {
    let compiled = this.#compiled.get(key);
    if (compiled === undefined) {
      const described = graph?.() ?? commonGraphs.get(key);
      if (described === undefined) throw new Error(`There is no common graph '${key}'.`);
      compiled = this.#compile(described);
      this.#compiled.set(key, compiled);
    }
    return compiled;
  }

  #compile(graph: OnnxGraph): Compiled {
    const switchboard = Switchboard.takes(graph) ? this.#switchboard : undefined;
    let single: OrtSession | undefined;
    return (inputs, outputs, parallel = false) => {
      if (parallel && switchboard !== undefined) {
        switchboard.run(graph, inputs, outputs.y!);
      } else {
        single ??= new OrtSession(this.binding, graph, 1);
        single.run(inputs, outputs);
      }
    };
  }
}
