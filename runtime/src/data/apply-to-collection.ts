import { PLError } from '../errors/pl-error.js';

type Class<T> = abstract new (...args: never[]) => T;
type TypeGuard<T> = (value: unknown) => value is T;
type One = Class<unknown> | TypeGuard<unknown>;

/** Which values a function applies to: a class (`Number`, `String` and `Boolean` mean primitives), a type guard, or several. */
export type Match = One | readonly One[];

type Matched<M> =
  M extends Class<infer T>
    ? Unboxed<T>
    : M extends TypeGuard<infer T>
      ? T
      : M extends readonly (infer Each)[]
        ? Matched<Each>
        : never;

// biome-ignore lint/complexity/noBannedTypes: what the constructors of primitives construct
type Unboxed<T> = T extends Number ? number : T extends String ? string : T extends Boolean ? boolean : T;

export interface ApplyOptions {
  /** Values to leave alone although they match. */
  exclude?: Match;
  /** Keep results that are null or undefined in arrays and records. Default true. */
  includeNull?: boolean;
}

/**
 * Applies `fn` to every value inside `data` that matches, and rebuilds what is around it: arrays, Maps, Sets, records and class
 * instances (their prototype is kept, their constructor is not called). Everything else stays as it is, the same object.
 * `data` itself is not changed.
 *
 * @example applyToCollection(batch, tf.Tensor, (tensor) => tensor.toFloat())
 */
export function applyToCollection<const M extends Match>(
  data: unknown,
  match: M,
  fn: (value: Matched<M>) => unknown,
  { exclude, includeNull = true }: ApplyOptions = {},
): unknown {
  const matches = matcher(match);
  const excluded = exclude === undefined ? () => false : matcher(exclude);
  const dropped = (value: unknown) => !includeNull && (value === null || value === undefined);
  const rebuilt = new Map<object, unknown>();

  const apply = (value: unknown): unknown => {
    if (matches(value) && !excluded(value)) return fn(value as Matched<M>);
    if (!isCollection(value)) return value;
    if (rebuilt.has(value)) return rebuilt.get(value);
    return rebuild(value);
  };

  const rebuild = (value: object): unknown => {
    if (Array.isArray(value)) {
      const copy: unknown[] = [];
      rebuilt.set(value, copy);
      for (const item of value) {
        const result = apply(item);
        if (!dropped(result)) copy.push(result);
      }
      return copy;
    }
    if (value instanceof Map) {
      const copy = new Map();
      rebuilt.set(value, copy);
      for (const [key, item] of value) {
        const result = apply(item);
        if (!dropped(result)) copy.set(key, result);
      }
      return copy;
    }
    if (value instanceof Set) {
      const copy = new Set();
      rebuilt.set(value, copy);
      for (const item of value) {
        const result = apply(item);
        if (!dropped(result)) copy.add(result);
      }
      return copy;
    }
    const plain = isPlain(value);
    const copy = shallowCopy(value);
    rebuilt.set(value, copy);
    for (const key of Object.keys(value)) {
      const result = apply((value as Record<string, unknown>)[key]);
      // A class instance keeps all of its fields: one whose result is dropped keeps its value.
      if (!dropped(result)) define(copy, key, result);
      else if (plain) delete (copy as Record<string, unknown>)[key];
    }
    return copy;
  };

  return apply(data);
}

/**
 * Applies `fn` to pairs of values at the same place of two collections of the same structure, and rebuilds the structure of the first. Where
 * one of the two is null or undefined, `fn` gets the other one alone.
 *
 * @throws PL4014 when lengths, keys or fields differ
 */
export function applyToCollections<const M extends Match>(
  data1: unknown,
  data2: unknown,
  match: M,
  fn: (value1: Matched<M>, value2?: unknown) => unknown,
  { exclude }: Pick<ApplyOptions, 'exclude'> = {},
): unknown {
  const matches = matcher(match);
  const excluded = exclude === undefined ? () => false : matcher(exclude);

  const apply = (a: unknown, b: unknown, path: string): unknown => {
    if (isAbsent(a) && isAbsent(b)) return a;
    if (isAbsent(a) || isAbsent(b)) {
      const options = exclude === undefined ? {} : { exclude };
      return applyToCollection(isAbsent(a) ? b : a, match, (value) => fn(value), options);
    }
    if (matches(a) && !excluded(a)) return fn(a as Matched<M>, b);
    if (!isCollection(a)) return a;
    if (Array.isArray(a)) {
      if (!Array.isArray(b) || a.length !== b.length) {
        throw mismatch(path, `an array of ${a.length}`, Array.isArray(b) ? `one of ${b.length}` : typeOf(b));
      }
      return a.map((item, i) => apply(item, b[i], `${path}[${i}]`));
    }
    if (a instanceof Map) {
      if (!(b instanceof Map)) throw mismatch(path, 'a Map', typeOf(b));
      checkKeys([...a.keys()], [...b.keys()], path);
      return new Map([...a].map(([key, item]) => [key, apply(item, b.get(key), `${path}.${String(key)}`)]));
    }
    if (a instanceof Set) throw mismatch(path, 'a Set, whose values have no place', typeOf(b));
    if (!isCollection(b) || Array.isArray(b) || b instanceof Map || b instanceof Set) {
      throw mismatch(path, typeOf(a), typeOf(b));
    }
    checkKeys(Object.keys(a), Object.keys(b), path);
    const copy = shallowCopy(a);
    for (const key of Object.keys(a)) {
      const [x, y] = [(a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]];
      define(copy, key, apply(x, y, `${path}.${key}`));
    }
    return copy;
  };

  return apply(data1, data2, '');
}

function matcher(match: Match): (value: unknown) => boolean {
  if (typeof match !== 'function') {
    const each = match.map(matcher);
    return (value) => each.some((matches) => matches(value));
  }
  const primitive = primitives.get(match);
  if (primitive !== undefined) return (value) => typeof value === primitive;
  return isClass(match) ? (value) => value instanceof match : match;
}

const primitives = new Map<unknown, string>([
  [Number, 'number'],
  [String, 'string'],
  [Boolean, 'boolean'],
]);

/** A class, also one that was compiled to a function; a type guard has nothing on its prototype. */
function isClass(fn: One): fn is Class<unknown> {
  const prototype: unknown = fn.prototype;
  if (typeof prototype !== 'object' || prototype === null) return false;
  return (
    /^class\b/.test(Function.prototype.toString.call(fn)) ||
    Object.getOwnPropertyNames(prototype).length > 1 ||
    Object.getPrototypeOf(prototype) !== Object.prototype
  );
}

/** Arrays, Maps, Sets, records and instances of classes that programs write; not what the platform gives. */
function isCollection(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return false;
  if (Array.isArray(value) || value instanceof Map || value instanceof Set) return true;
  return Object.prototype.toString.call(value) === '[object Object]';
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Of the same class, with the same fields; open to change where the original is frozen. */
function shallowCopy(value: object): object {
  const fields = Object.getOwnPropertyDescriptors(value);
  for (const field of Object.values(fields)) field.configurable = true;
  return Object.create(Object.getPrototypeOf(value), fields);
}

function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

function isAbsent(value: unknown): boolean {
  return value === null || value === undefined;
}

function checkKeys(keys1: unknown[], keys2: unknown[], path: string): void {
  const missing = keys1.find((key) => !keys2.includes(key)) ?? keys2.find((key) => !keys1.includes(key));
  if (missing === undefined) return;
  throw mismatch(
    path,
    `the keys ${keys1.map(String).join(', ')}`,
    `the keys ${keys2.map(String).join(', ')}`,
  );
}

function typeOf(value: unknown): string {
  return typeof value === 'object' && value !== null
    ? `a ${value.constructor?.name ?? 'record'}`
    : `a ${typeof value}`;
}

function mismatch(path: string, first: string, second: string): PLError {
  const place = path === '' ? '' : ` at ${path.replace(/^\./, '')}`;
  return new PLError(
    'PL4014',
    `The collections differ${place}: the first has ${first}, the second ${second}`,
    {
      hint: 'Both collections need the same structure.',
    },
  );
}
