import { PLError } from '../errors/pl-error.js';
import { findDuplicateKey } from './duplicate-keys.js';
import { sizeOf, type TensorData } from './tensor-data.js';

/** How the format names the types that TensorFlow.js has, and bytes per value. */
export const storedTypes = {
  float32: { name: 'F32', bytes: 4 },
  int32: { name: 'I32', bytes: 4 },
  bool: { name: 'BOOL', bytes: 1 },
} as const;

/** As in the reference implementation: no honest header is larger. */
export const MAX_HEADER_BYTES = 100_000_000;

/** Where a tensor lies, in bytes from the end of the header. */
export interface TensorLocation {
  name: string;
  dtype: TensorData['dtype'];
  shape: number[];
  begin: number;
  end: number;
}

export interface SafetensorsHeader {
  metadata: Record<string, string>;
  /** In the order of their bytes. */
  tensors: TensorLocation[];
}

/**
 * Reads the header of a safetensors file (https://huggingface.co/docs/safetensors) and checks that its tensors cover
 * the `dataBytes` bytes behind it: all of them, each once. Nothing is allocated by what the header claims.
 *
 * @throws PL3003 when the header is no such header, PL3004 when places are wrong, PL3005 on a duplicate, PL3006 on a
 *   type that TensorFlow.js does not have
 */
export function parseSafetensorsHeader(
  bytes: Uint8Array,
  dataBytes: number,
  file: string,
): SafetensorsHeader {
  const header = parseJson(bytes, file);
  let metadata: Record<string, string> = {};
  const tensors: TensorLocation[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') metadata = { ...checkMetadata(entry, file) };
    else tensors.push(checkEntry(name, entry, file));
  }
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of tensors) {
    if (end > dataBytes) {
      throw misplaced(file, `tensor "${name}" ends at byte ${end} of the data, which has ${dataBytes} bytes`);
    }
    if (begin < covered)
      throw misplaced(file, `tensor "${name}" overlaps the one before it at byte ${begin}`);
    if (begin > covered) throw misplaced(file, `no tensor covers bytes ${covered} to ${begin}`);
    covered = end;
  }
  if (covered < dataBytes) throw misplaced(file, `no tensor covers the last ${dataBytes - covered} bytes`);
  return { metadata, tensors };
}

function parseJson(bytes: Uint8Array, file: string): Record<string, unknown> {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (cause) {
    throw badHeader(file, 'it is not valid JSON', cause);
  }
  if (!isRecord(header) || !text.startsWith('{')) throw badHeader(file, 'it is not a JSON object');
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) {
    throw new PLError('PL3005', `${file}: the name "${duplicate}" occurs twice in the header`, {
      hint: DAMAGED,
    });
  }
  return header;
}

function checkMetadata(entry: unknown, file: string): Record<string, string> {
  if (!isRecord(entry)) throw badHeader(file, '__metadata__ is no object');
  const other = Object.keys(entry).find((key) => typeof entry[key] !== 'string');
  if (other !== undefined) throw badHeader(file, `__metadata__.${other} is no string`);
  return entry as Record<string, string>;
}

function checkEntry(name: string, entry: unknown, file: string): TensorLocation {
  const wrong = (what: string) => badHeader(file, `tensor "${name}": ${what}`);
  if (!isRecord(entry)) throw wrong('its entry is no object');
  const { dtype, shape, data_offsets: offsets, ...others } = entry;
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) throw wrong(`unknown field "${unknown}"`);
  if (!isCounts(shape)) throw wrong(`its shape is ${JSON.stringify(shape)}, wanted a list of integers`);
  if (!isCounts(offsets) || offsets.length !== 2) {
    throw wrong(`its data_offsets are ${JSON.stringify(offsets)}, wanted [begin, end]`);
  }
  const type = (Object.keys(storedTypes) as TensorData['dtype'][]).find(
    (key) => storedTypes[key].name === dtype,
  );
  if (type === undefined) {
    throw new PLError(
      'PL3006',
      `${file}: tensor "${name}" has the type ${JSON.stringify(dtype)}, wanted F32, I32 or BOOL`,
      {
        hint: 'TensorFlow.js has these three types: convert the tensor before it is written, in Python with .float() or .int().',
      },
    );
  }
  const [begin, end] = offsets as [number, number];
  const size = sizeOf(shape);
  if (size === undefined || end - begin !== size * storedTypes[type].bytes) {
    throw misplaced(
      file,
      `tensor "${name}" of type ${storedTypes[type].name} and shape [${shape.join(', ')}] takes bytes ${begin} to ${end}, ` +
        `wanted ${size === undefined ? 'a shape that fits into a file' : `${size * storedTypes[type].bytes} bytes`}`,
    );
  }
  return { name, dtype: type, shape, begin, end };
}

const DAMAGED = 'The file is damaged or was not written as safetensors. Resume from another checkpoint.';

function badHeader(file: string, what: string, cause?: unknown): PLError {
  return new PLError('PL3003', `${file}: the header cannot be read, ${what}`, { hint: DAMAGED, cause });
}

function misplaced(file: string, what: string): PLError {
  return new PLError('PL3004', `${file}: ${what}`, { hint: DAMAGED });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
