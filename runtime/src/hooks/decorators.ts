import 'reflect-metadata';

import { PLError } from '../errors/pl-error.js';
import type { HookName, HookSignatureOf } from './signatures.js';

const hooksKey = Symbol.for('pl:hooks');
const hparamsKey = Symbol.for('pl:hparams');

/** hook name → method name */
export type DeclaredHooks = ReadonlyMap<string, string>;

type HookDecorator<Name extends HookName> = <
  Class extends object,
  Method extends HookSignatureOf<Class, Name>,
>(
  prototype: Class,
  method: string,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

/**
 * Makes a method the hook of that name. The method may have any name of its own; its signature is checked against
 * the hook's.
 *
 * @example
 * ```ts
 * @Hook('on_train_epoch_end')
 * report() { console.log(this.currentEpoch); }
 * ```
 */
export function Hook<Name extends HookName>(name: Name): HookDecorator<Name> {
  return (prototype, method) => {
    const own: Map<string, string> = Reflect.getOwnMetadata(hooksKey, prototype) ?? new Map();
    const other = own.get(name);
    if (other !== undefined && other !== method) {
      throw new PLError(
        'PL5001',
        `${prototype.constructor.name} has two methods for the hook '${name}': ${other} and ${method}.`,
        {
          hint: 'Keep one of them, and call the other from it.',
        },
      );
    }
    Reflect.defineMetadata(hooksKey, own.set(name, method), prototype);
  };
}

/** `@Hook('training_step')`: forward pass and loss of one batch. */
export const TrainingStep: HookDecorator<'training_step'> = Hook('training_step');
/** `@Hook('validation_step')` */
export const ValidationStep: HookDecorator<'validation_step'> = Hook('validation_step');
/** `@Hook('test_step')` */
export const TestStep: HookDecorator<'test_step'> = Hook('test_step');
/** `@Hook('predict_step')`: what it returns is collected by `trainer.predict`. */
export const PredictStep: HookDecorator<'predict_step'> = Hook('predict_step');

/** The hooks that a class and its ancestors declare; a subclass's own declaration wins. */
export function declaredHooks(prototype: object): DeclaredHooks {
  const parent: object | null = Object.getPrototypeOf(prototype);
  const inherited: DeclaredHooks = parent === null ? new Map() : declaredHooks(parent);
  const own: DeclaredHooks | undefined = Reflect.getOwnMetadata(hooksKey, prototype);
  return own === undefined ? inherited : new Map([...inherited, ...own]);
}

export interface HparamsOptions {
  /** Names of settings that are neither configured from outside nor kept in checkpoints. */
  ignore?: readonly string[];
}

type HparamsDecorator = (
  target: object,
  key: string | symbol | undefined,
  parameterIndex?: number | TypedPropertyDescriptor<unknown>,
) => void;

/**
 * Marks the constructor parameter (or property) that holds a class's hyper-parameters: the compiler turns its type
 * into the JSON Schema of the project's settings, and checkpoints keep its values.
 */
export function Hparams(target: object, key: string | symbol | undefined, parameterIndex?: number): void;
export function Hparams(options: HparamsOptions): HparamsDecorator;
export function Hparams(
  targetOrOptions: object | HparamsOptions,
  ...place: [key?: string | symbol, parameterIndex?: number]
): HparamsDecorator | void {
  if (place.length === 0) {
    return (target) => Reflect.defineMetadata(hparamsKey, targetOrOptions, classOf(target));
  }
  Reflect.defineMetadata(hparamsKey, {}, classOf(targetOrOptions));
}

const classOf = (target: object) => (typeof target === 'function' ? target : target.constructor);

/** The options given to `@Hparams`, or undefined for a class without it. */
export function declaredHparams(target: object): HparamsOptions | undefined {
  return Reflect.getMetadata(hparamsKey, target);
}
