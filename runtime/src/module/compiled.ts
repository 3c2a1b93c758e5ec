import { type BoundHooks, bindHooks } from '../hooks/bind.js';
import type { HookTable } from '../hooks/signatures.js';
import type { EvaluationRun } from '../loops/evaluation-run.js';
import type { FitRun } from '../loops/fit-run.js';

/** The loops that the compiler wrote for one module class. A loop is left out where its step is missing. */
export interface CompiledLoops<Module> {
  // biome-ignore lint/suspicious/noExplicitAny: each loop knows its own batch type, the trainer none
  readonly fit?: (run: FitRun<any>, model: Module) => Promise<void>;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly validation?: (run: EvaluationRun<any>, model: Module) => Promise<void>;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly test?: (run: EvaluationRun<any>, model: Module) => Promise<void>;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly predict?: (run: EvaluationRun<any>, model: Module) => Promise<void>;
}

/** What the compiler knows about a class, all of it optional: without it the runtime works from the decorators. */
export interface CompiledClass<Instance = unknown> {
  readonly hooks?: HookTable<Instance>;
  readonly loops?: CompiledLoops<Instance>;
  /** Checks hyper-parameters and fills in their defaults; throws a PLError that names what does not fit. */
  readonly validateHparams?: (hparams: object) => object;
}

type Class<Instance> = abstract new (...args: never[]) => Instance;

const registry = new WeakMap<object, CompiledClass<never>>();

/** Generated code calls this when it is imported. Parts registered earlier for the same class stay. */
export function registerCompiled<Instance>(target: Class<Instance>, parts: CompiledClass<Instance>): void {
  registry.set(target, { ...registry.get(target), ...parts });
}

/** A module's hooks: by the table that the compiler registered, else by its decorators. */
export function boundHooks(module: object): BoundHooks<'module'> {
  const table = compiledOf(module.constructor)?.hooks;
  return bindHooks<'module'>(module, table && Object.entries(table));
}

/** What the compiler registered for exactly this class (a subclass has hooks of its own). */
export function compiledOf(target: object): CompiledClass<never> | undefined {
  return registry.get(target);
}
