import { readFileSync } from 'node:fs';

/** A checkpoint as the file holds it: where each tensor lies, its bytes, and the JSON values of the metadata. */
export interface StoredCheckpoint {
  tensors: Map<string, { dtype: string; shape: number[]; bytes: Buffer }>;
  metadata: Record<string, unknown>;
}

/** Reads a `.ckpt` by the safetensors specification alone, without the runtime's own reader. */
export function readSafetensors(path: string): StoredCheckpoint {
  const file = readFileSync(path);
  const headerLength = Number(file.readBigUInt64LE(0));
  const { __metadata__, ...entries } = JSON.parse(file.toString('utf8', 8, 8 + headerLength)) as {
    __metadata__: Record<string, string>;
  } & Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;
  const data = file.subarray(8 + headerLength);
  const tensors = new Map(
    Object.entries(entries).map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [from, to],
        },
      ]) => [name, { dtype, shape, bytes: data.subarray(from, to) }],
    ),
  );
  const metadata = Object.fromEntries(
    Object.entries(__metadata__).map(([key, value]) => [key, parseJson(value)]),
  );
  return { tensors, metadata };
}

/** Names of the tensors that differ in type, shape or any bit, or that only one checkpoint has. */
export function differingTensors(a: StoredCheckpoint, b: StoredCheckpoint): string[] {
  const names = new Set([...a.tensors.keys(), ...b.tensors.keys()]);
  return [...names].filter((name) => {
    const [left, right] = [a.tensors.get(name), b.tensors.get(name)];
    if (left === undefined || right === undefined) return true;
    return (
      left.dtype !== right.dtype ||
      left.shape.join() !== right.shape.join() ||
      Buffer.compare(left.bytes, right.bytes) !== 0
    );
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
