import { namedParameters, namedVariables } from '../module/named-variables.js';
import type { Synchronized } from '../strategies/strategy.js';
import type * as tf from '../tf.js';

/** The models that a Fabric has been given, each known by its place. */
export class SetUpModels implements Synchronized {
  readonly #models: object[] = [];

  add(model: object): void {
    if (!this.#models.includes(model)) this.#models.push(model);
  }

  has(model: object): boolean {
    return this.#models.includes(model);
  }

  /** Every variable of every model, by the model's place and the path in it. */
  stateDict(): Map<string, tf.Variable> {
    return namedVariables(this.#models);
  }

  parameters(): tf.Variable[] {
    return [...namedParameters(this.#models).values()];
  }

  /** The parameters by model. */
  parametersByModel(): tf.Variable[][] {
    return this.#models.map(parametersOf);
  }
}

/** What is to be trained of a model: an object that holds layers and variables, or a model of tfjs. */
export function parametersOf(model: object): tf.Variable[] {
  return [...namedParameters([model]).values()];
}
