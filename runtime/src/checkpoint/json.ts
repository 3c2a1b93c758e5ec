import { PLError } from '../errors/pl-error.js';

const special = new Map<string, number>([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['-0', -0],
]);

/**
 * JSON text that keeps every number. What JSON cannot write is the record `{"$number": "NaN"}` (or "Infinity",
 * "-Infinity", "-0"); a record of the program that looks like one gets another `$` before its key.
 * Fields that are undefined are left out; undefined inside an array becomes null.
 *
 * @param path names `value` in the error
 * @throws PL3009 for what JSON would lose or change: functions, Maps, Sets, typed arrays, class instances, cycles
 */
export function encodeJson(value: unknown, path: string): string {
  return JSON.stringify(encode(value, path, []));
}

/** The value of a text that `encodeJson` wrote. Throws SyntaxError where it is no JSON. */
export function decodeJson(text: string): unknown {
  return decode(JSON.parse(text));
}

function encode(value: unknown, path: string, inside: object[]): unknown {
  if (typeof value === 'number') {
    const plain = Number.isFinite(value) && !Object.is(value, -0);
    return plain ? value : { $number: Object.is(value, -0) ? '-0' : String(value) };
  }
  if (value === null || value === undefined || typeof value === 'string' || typeof value === 'boolean') {
    return value ?? null;
  }
  if (typeof value !== 'object') throw cannotHold(path, `a ${typeof value}`);
  if (inside.includes(value)) throw cannotHold(path, 'a reference to what contains it');
  const within = [...inside, value];
  if (Array.isArray(value)) return value.map((item, i) => encode(item, `${path}[${i}]`, within));
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw cannotHold(path, `a ${value.constructor.name}`);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  const prefix = entries.length === 1 && /^\$+number$/.test(entries[0]![0]) ? '$' : '';
  return Object.fromEntries(
    entries.map(([key, item]) => [prefix + key, encode(item, `${path}.${key}`, within)]),
  );
}

function decode(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(decode);
  const entries = Object.entries(value);
  const [key, item] = entries[0] ?? [];
  if (entries.length === 1 && key !== undefined && /^\$+number$/.test(key)) {
    if (key !== '$number') return Object.fromEntries([[key.slice(1), decode(item)]]);
    return typeof item === 'string' && special.has(item) ? special.get(item) : value;
  }
  return Object.fromEntries(entries.map(([name, inner]) => [name, decode(inner)]));
}

function cannotHold(path: string, what: string): PLError {
  return new PLError('PL3009', `A checkpoint cannot hold ${what}, found at ${path}`, {
    hint: 'State in a checkpoint is plain JSON: numbers, text, booleans, null, arrays and records. Return it in that form, or leave it out.',
  });
}
