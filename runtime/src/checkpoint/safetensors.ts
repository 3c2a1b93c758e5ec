import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { PLError } from '../errors/pl-error.js';
import { MAX_HEADER_BYTES, parseSafetensorsHeader, storedTypes } from './safetensors-header.js';
import { bytesOf, sizeOf, type TensorData } from './tensor-data.js';

/** What a safetensors file holds. */
export interface Safetensors {
  tensors: Map<string, TensorData>;
  metadata: Record<string, string>;
}

/** Says in `__metadata__.format` that the file has a checksum, so that damage to the checksum's own name shows too. */
const FORMAT = 'pl-ts';
const NO_CHECKSUM = '00000000';

/**
 * The bytes of a safetensors file, in chunks that share the tensors' memory.
 *
 * `__metadata__` also gets `format: "pl-ts"` and `crc32`: eight hexadecimal digits, the CRC-32 of the complete file in
 * which these eight digits are zeros.
 */
export function encodeSafetensors({ tensors, metadata }: Safetensors): Uint8Array[] {
  const entries: [string, unknown][] = [
    ['__metadata__', { format: FORMAT, crc32: NO_CHECKSUM, ...metadata }],
  ];
  const chunks: Uint8Array[] = [];
  let end = 0;
  // Types of several bytes first: so each tensor starts at a multiple of its value's size.
  for (const ofBytes of [false, true]) {
    for (const [name, { dtype, shape, data }] of tensors) {
      if ((dtype === 'bool') !== ofBytes) continue;
      const begin = end;
      end += data.byteLength;
      if (data.byteLength !== (sizeOf(shape) ?? -1) * storedTypes[dtype].bytes) {
        throw new PLError(
          'PL3009',
          `Tensor "${name}" of shape [${shape.join(', ')}] has ${data.length} values`,
          {
            hint: 'The product of the shape must be the number of values.',
          },
        );
      }
      entries.push([name, { dtype: storedTypes[dtype].name, shape, data_offsets: [begin, end] }]);
      chunks.push(bytesOf(data));
    }
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const padded = Math.ceil(json.length / 8) * 8;
  if (padded > MAX_HEADER_BYTES) {
    throw new PLError(
      'PL3009',
      `The header would take ${padded} bytes, a safetensors file allows ${MAX_HEADER_BYTES}`,
      {
        hint: 'Keep large arrays out of the state of callbacks and out of the hyperparameters.',
      },
    );
  }
  const head = Buffer.alloc(8 + padded, ' ');
  head.writeBigUInt64LE(BigInt(padded));
  json.copy(head, 8);
  const checksum = chunks.reduce((crc, chunk) => crc32(chunk, crc), crc32(head));
  head.write(hex(checksum), head.indexOf(CHECKSUM_FIELD) + CHECKSUM_FIELD.length);
  return [head, ...chunks];
}

/**
 * Reads a safetensors file. Everything is checked before memory is allocated for it, and nothing is executed. The
 * checksum is compared where the file has one.
 *
 * @throws PL3001 when the file cannot be read, PL3002 when it is cut, PL3003 to PL3006 when its header is wrong, PL3007
 *   when the checksum differs
 */
export async function readSafetensors(path: string): Promise<Safetensors> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const { size } = await file.stat();
    const head = await readHead(file, size, path);
    const { metadata, tensors: locations } = parseSafetensorsHeader(
      head.subarray(8),
      size - head.length,
      path,
    );
    const tensors = new Map<string, TensorData>();
    const expected = takeChecksum(metadata, head, path);
    let crc = crc32(head);
    for (const { name, dtype, shape, begin, end } of locations) {
      const data = allocate(dtype, end - begin);
      await readFully(file, bytesOf(data), head.length + begin, path);
      crc = crc32(bytesOf(data), crc);
      tensors.set(name, { dtype, shape, data });
    }
    if (expected !== undefined && hex(crc) !== expected) {
      throw new PLError(
        'PL3007',
        `${path}: the content differs from its checksum (${hex(crc)}, wanted ${expected})`,
        {
          hint: `The file was damaged after it was written: resume from another checkpoint. A program that changes a checkpoint must leave out the metadata "crc32" and "format".`,
        },
      );
    }
    return { tensors, metadata };
  } catch (error) {
    throw readable(error, path);
  } finally {
    await file?.close();
  }
}

const CHECKSUM_FIELD = '"crc32":"';

/** The length and the header. */
async function readHead(file: FileHandle, size: number, path: string): Promise<Buffer> {
  if (size < 8) throw cut(path, `it has ${size} bytes, less than the length of a header takes`);
  const length = Buffer.alloc(8);
  await readFully(file, length, 0, path);
  const headerBytes = length.readBigUInt64LE();
  if (headerBytes > MAX_HEADER_BYTES) {
    throw new PLError(
      'PL3003',
      `${path}: the header claims ${headerBytes} bytes, more than the ${MAX_HEADER_BYTES} that are allowed`,
      {
        hint: 'The file is no safetensors file. Checkpoints of PyTorch Lightning (zip files) must be converted in Python first.',
      },
    );
  }
  const total = 8 + Number(headerBytes);
  if (total > size) throw cut(path, `its header takes ${headerBytes} bytes, the file has ${size}`);
  const head = Buffer.alloc(total);
  await readFully(file, head, 0, path);
  return head;
}

/** Takes the checksum out of the metadata and zeroes its digits in `head`; undefined when the file has none. */
function takeChecksum(metadata: Record<string, string>, head: Buffer, path: string): string | undefined {
  const { crc32: expected, format } = metadata;
  delete metadata.crc32;
  delete metadata.format;
  if (expected === undefined && format !== FORMAT) return undefined;
  const at = head.indexOf(CHECKSUM_FIELD) + CHECKSUM_FIELD.length;
  if (
    expected === undefined ||
    head.toString('latin1', at, at + 9) !== `${expected}"` ||
    expected.length !== 8
  ) {
    throw new PLError('PL3007', `${path}: the checksum is missing or damaged`, {
      hint: 'The file was damaged after it was written: resume from another checkpoint. A program that changes a checkpoint must leave out the metadata "crc32" and "format".',
    });
  }
  head.write(NO_CHECKSUM, at);
  return expected;
}

async function readFully(file: FileHandle, into: Uint8Array, position: number, path: string): Promise<void> {
  for (let at = 0; at < into.byteLength; ) {
    const { bytesRead } = await file.read(into, at, Math.min(into.byteLength - at, 2 ** 30), position + at);
    if (bytesRead === 0) throw cut(path, `it ended at byte ${position + at} while it was read`);
    at += bytesRead;
  }
}

function allocate(dtype: TensorData['dtype'], bytes: number): TensorData['data'] {
  if (dtype === 'float32') return new Float32Array(bytes / 4);
  return dtype === 'int32' ? new Int32Array(bytes / 4) : new Uint8Array(bytes);
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}

function cut(path: string, what: string): PLError {
  return new PLError('PL3002', `${path} is cut: ${what}`, {
    hint: 'The file was not written or copied completely: resume from another checkpoint.',
  });
}

function readable(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof PLError || code === undefined) return error;
  const why =
    code === 'ENOENT' || code === 'ENOTDIR'
      ? 'does not exist'
      : code === 'EISDIR'
        ? 'is a folder'
        : `cannot be read (${code})`;
  return new PLError('PL3001', `The checkpoint ${path} ${why}`, {
    hint: `Relative paths start at ${process.cwd()}. Checkpoints usually lie in lightning_logs/version_<n>/checkpoints.`,
    cause: error,
  });
}
