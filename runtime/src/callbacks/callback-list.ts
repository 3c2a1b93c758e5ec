import { PLError } from '../errors/pl-error.js';
import { bindHooks } from '../hooks/bind.js';
import type { CallbackHookName, CallbackHooks } from '../hooks/signatures.js';
import type { LightningModule } from '../module/lightning-module.js';
import type { Trainer } from '../trainer/trainer.js';
import { type Callback, follow } from './callback.js';

type Rest<Name extends CallbackHookName> =
  Parameters<CallbackHooks[Name]> extends [Trainer, LightningModule, ...infer Args] ? Args : never;

type Bound = (...args: unknown[]) => unknown;

/** The callbacks of a run, in calling order: as given, those that save checkpoints last. */
export class CallbackList {
  readonly callbacks: readonly Callback[];
  readonly #hooks = new Map<string, { callback: Callback; call: Bound }[]>();

  constructor(
    callbacks: readonly Callback[],
    readonly trainer: Trainer,
    readonly module: LightningModule,
  ) {
    const own = callbacks.filter((c) => trainer.isGlobalZero || !c.rankZeroOnly);
    this.callbacks = [...own.filter((c) => !c.comesLast), ...own.filter((c) => c.comesLast)];
    for (const callback of this.callbacks) {
      follow(callback, module);
      for (const [name, call] of Object.entries(bindHooks<'callback'>(callback))) {
        const list = this.#hooks.get(name) ?? [];
        list.push({ callback, call: call as Bound });
        this.#hooks.set(name, list);
      }
    }
    this.#checkStateKeys();
  }

  #checkStateKeys(): void {
    const keys = (this.#hooks.get('state_dict') ?? []).map(({ callback }) => callback.stateKey);
    const twice = keys.find((key, i) => keys.indexOf(key) !== i);
    if (twice === undefined) return;
    throw new PLError('PL5054', `two callbacks would keep their state in checkpoints as ${twice}.`, {
      hint: 'Give them settings that differ, or override stateKey in one of them.',
    });
  }

  /** Calls a hook of every callback that has it, one after the other. Costs one map lookup where none has. */
  call<Name extends CallbackHookName>(
    name: Name,
    rest: Rest<Name>,
    only?: (callback: Callback) => boolean,
  ): void | Promise<void> {
    const list = this.#hooks.get(name);
    if (list !== undefined) return this.#callAll(list, rest, only);
  }

  /** As `call`, for hooks inside the optimizer's step, which may not wait. */
  callSync<Name extends CallbackHookName>(name: Name, rest: Rest<Name>): void {
    const list = this.#hooks.get(name);
    if (list === undefined) return;
    for (const { call } of list) call(this.trainer, this.module, ...rest);
  }

  /** Waits for those that are asynchronous, and not otherwise: a step has many hooks. */
  #callAll(
    list: readonly { callback: Callback; call: Bound }[],
    rest: readonly unknown[],
    only: ((callback: Callback) => boolean) | undefined,
    from = 0,
  ): void | Promise<void> {
    for (let i = from; i < list.length; i++) {
      const { callback, call } = list[i]!;
      if (only !== undefined && !only(callback)) continue;
      const result = call(this.trainer, this.module, ...rest);
      if (result instanceof Promise) return result.then(() => this.#callAll(list, rest, only, i + 1));
    }
  }

  /** The state that each callback wants kept, by its key. */
  stateDict(): Record<string, Record<string, unknown>> {
    return Object.fromEntries(
      (this.#hooks.get('state_dict') ?? []).map(({ callback, call }) => [
        callback.stateKey,
        call() as Record<string, unknown>,
      ]),
    );
  }

  loadStateDict(states: Readonly<Record<string, unknown>>): void {
    for (const { callback, call } of this.#hooks.get('load_state_dict') ?? []) {
      if (callback.stateKey in states) call(states[callback.stateKey]);
    }
  }
}
