import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeSafetensors, readSafetensors, type Safetensors } from './safetensors.js';
import type { TensorData } from './tensor-data.js';

const folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
const path = join(folder, 'model.ckpt');
afterAll(() => rmSync(folder, { recursive: true }));

const read = (bytes: Uint8Array) => {
  writeFileSync(path, bytes);
  return readSafetensors(path);
};
const encoded = (content: Safetensors) => Buffer.concat(encodeSafetensors(content));

/** A file with this header, as another program would write it: without checksum. */
function fileOf(header: unknown, data = new Uint8Array(0)): Uint8Array {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

const shape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 });
const tensor: fc.Arbitrary<TensorData> = fc
  .record({
    dtype: fc.constantFrom('float32' as const, 'int32' as const, 'bool' as const),
    shape,
    seed: fc.integer(),
  })
  .map(({ dtype, shape, seed }) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const values = Array.from({ length: size }, (_, i) => Math.imul(seed + i, 0x9e3779b9));
    if (dtype === 'bool') return { dtype, shape, data: Uint8Array.from(values, (x) => x & 1) };
    const bits = Int32Array.from(values);
    // Any bits, NaNs with payload included.
    return { dtype, shape, data: dtype === 'int32' ? bits : new Float32Array(bits.buffer) };
  });
const text = fc.string({ unit: 'binary' });
const content = fc.record({
  tensors: fc
    .uniqueArray(fc.tuple(text, tensor), { selector: ([name]) => name, maxLength: 6 })
    .map((all) => new Map(all.filter(([name]) => name !== '__metadata__'))),
  metadata: fc.dictionary(text, text, { maxKeys: 4, noNullPrototype: true }),
});
const small: Safetensors = {
  tensors: new Map<string, TensorData>([
    ['a', { dtype: 'float32', shape: [2, 1], data: Float32Array.of(1, -2) }],
    ['b', { dtype: 'bool', shape: [3], data: Uint8Array.of(1, 0, 1) }],
  ]),
  metadata: { epoch: '3' },
};

const bits = (data: TensorData['data']) => [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];

describe('safetensors', () => {
  it('gives back what was written, bit for bit', async () => {
    await fc.assert(
      fc.asyncProperty(content, async (written) => {
        const { tensors, metadata } = await read(encoded(written));
        expect(metadata).toEqual(written.metadata);
        expect([...tensors.keys()].sort()).toEqual([...written.tensors.keys()].sort());
        for (const [name, { dtype, shape, data }] of written.tensors) {
          const found = tensors.get(name)!;
          expect([found.dtype, found.shape, found.data.constructor]).toEqual([
            dtype,
            shape,
            data.constructor,
          ]);
          expect(bits(found.data)).toEqual(bits(data));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('follows the format: length, JSON padded with spaces to eight bytes, aligned data', () => {
    const file = encoded(small);
    const length = Number(file.readBigUInt64LE());
    expect(length % 8).toBe(0);
    const header = JSON.parse(file.toString('utf8', 8, 8 + length));
    expect(header.a).toEqual({ dtype: 'F32', shape: [2, 1], data_offsets: [0, 8] });
    expect(header.b).toEqual({ dtype: 'BOOL', shape: [3], data_offsets: [8, 11] });
    expect(header.__metadata__).toEqual({
      format: 'pl-ts',
      crc32: expect.stringMatching(/^[0-9a-f]{8}$/),
      epoch: '3',
    });
    expect(file.length).toBe(8 + length + 11);
  });

  it('reads files of other programs, without checksum and in any order', async () => {
    const data = Buffer.concat([Buffer.of(1, 0), Buffer.from(Float32Array.of(0.5).buffer)]);
    const header = {
      w: { dtype: 'F32', shape: [1], data_offsets: [2, 6] },
      mask: { dtype: 'BOOL', shape: [2], data_offsets: [0, 2] },
      none: { dtype: 'I32', shape: [0, 7], data_offsets: [2, 2] },
    };
    const { tensors, metadata } = await read(fileOf(header, data));
    expect(metadata).toEqual({});
    expect([...tensors.get('w')!.data]).toEqual([0.5]);
    expect([...tensors.get('mask')!.data]).toEqual([1, 0]);
    expect(tensors.get('none')).toEqual({ dtype: 'int32', shape: [0, 7], data: new Int32Array(0) });
  });

  it('refuses a file with any one bit flipped', async () => {
    const file = encoded(small);
    for (let bit = 0; bit < file.length * 8; bit++) {
      const flipped = Buffer.from(file);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      await expect(read(flipped), `bit ${bit}`).rejects.toMatchObject({
        code: expect.stringMatching(/^PL300[2-7]$/),
      });
    }
  });

  it('refuses a file that is cut anywhere, or has a byte too many', async () => {
    const file = encoded(small);
    for (let length = 0; length < file.length; length++) {
      await expect(read(file.subarray(0, length)), `${length} bytes`).rejects.toMatchObject({
        code: expect.stringMatching(/^PL300[2-4]$/),
      });
    }
    await expect(read(Buffer.concat([file, Buffer.of(0)]))).rejects.toMatchObject({ code: 'PL3004' });
  });

  it('refuses random bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        await expect(read(bytes)).rejects.toMatchObject({ code: expect.stringMatching(/^PL300[2-7]$/) });
      }),
      { numRuns: 300 },
    );
  });

  const f32 = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
    dtype: 'F32',
    shape,
    data_offsets: [begin, end],
  });
  it.each<[string, unknown, number, string, RegExp]>([
    ['an empty header', '', 0, 'PL3003', /not valid JSON/],
    ['a header that is no object', '[]', 0, 'PL3003', /not a JSON object/],
    ['a header with a byte order mark', '\uFEFF{}', 0, 'PL3003', /not valid JSON/],
    ['a header with space before it', ' {}', 0, 'PL3003', /not a JSON object/],
    ['an entry that is no object', { a: 1 }, 0, 'PL3003', /"a": its entry/],
    ['an unknown field', { a: { ...f32(0, 4), extra: 1 } }, 4, 'PL3003', /unknown field "extra"/],
    ['a negative shape', { a: f32(0, 4, [-1]) }, 4, 'PL3003', /shape is \[-1\]/],
    ['a fractional shape', { a: f32(0, 4, [0.5]) }, 4, 'PL3003', /shape is \[0.5\]/],
    ['a missing shape', { a: { dtype: 'F32', data_offsets: [0, 4] } }, 4, 'PL3003', /shape is undefined/],
    [
      'three offsets',
      { a: { dtype: 'F32', shape: [1], data_offsets: [0, 4, 8] } },
      4,
      'PL3003',
      /data_offsets are/,
    ],
    ['metadata that is no text', { __metadata__: { a: 1 } }, 0, 'PL3003', /__metadata__\.a is no string/],
    ['metadata that is no object', { __metadata__: [] }, 0, 'PL3003', /__metadata__ is no object/],
    ['a tensor beyond the end', { a: f32(0, 8) }, 4, 'PL3004', /"a" ends at byte 8 .* 4 bytes/],
    ['an overlap', { a: f32(0, 8), b: f32(4, 12) }, 12, 'PL3004', /"b" overlaps .* byte 4/],
    ['the same place twice', { a: f32(0, 4), b: f32(0, 4) }, 4, 'PL3004', /overlaps/],
    ['a gap', { a: f32(0, 4), b: f32(8, 12) }, 12, 'PL3004', /bytes 4 to 8/],
    ['a gap at the end', { a: f32(0, 4) }, 12, 'PL3004', /last 8 bytes/],
    ['another size than the shape', { a: f32(0, 4, [2]) }, 4, 'PL3004', /wanted 8 bytes/],
    [
      'offsets in the wrong order',
      { a: { ...f32(0, 4), data_offsets: [4, 0] } },
      4,
      'PL3004',
      /bytes 4 to 0/,
    ],
    ['a shape beyond all bounds', { a: f32(0, 4, [2 ** 40, 2 ** 40]) }, 4, 'PL3004', /fits into a file/],
    ['a huge claim', { a: f32(0, 2 ** 50) }, 4, 'PL3004', /ends at byte/],
    [
      'a name twice',
      '{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}',
      0,
      'PL3005',
      /"a" occurs twice/,
    ],
    ['an unknown type', { a: { ...f32(0, 4), dtype: 'F16' } }, 4, 'PL3006', /"F16", wanted F32, I32 or BOOL/],
    ['a checksum that is gone', { __metadata__: { format: 'pl-ts' } }, 0, 'PL3007', /missing/],
    ['a checksum of other digits', { __metadata__: { crc32: '0123' } }, 0, 'PL3007', /damaged/],
  ])('refuses %s', async (_, header, dataBytes, code, message) => {
    const result = read(fileOf(header, new Uint8Array(dataBytes)));
    await expect(result).rejects.toThrow(message);
    await expect(result).rejects.toMatchObject({ code, message: expect.stringContaining(path) });
  });

  it('refuses a header length beyond all bounds without allocating it', async () => {
    const file = Buffer.alloc(16);
    file.writeBigUInt64LE(2n ** 63n);
    await expect(read(file)).rejects.toThrow(/claims 9223372036854775808 bytes/);
    file.writeBigUInt64LE(99_999_999n);
    await expect(read(file)).rejects.toMatchObject({ code: 'PL3002' });
  });

  it('refuses a header that is not UTF-8', async () => {
    const file = Buffer.from(fileOf({ aaaa: { dtype: 'F32', shape: [0], data_offsets: [0, 0] } }));
    file[11] = 0xff;
    await expect(read(file)).rejects.toThrow(/not valid JSON/);
  });

  it('says that a file is missing or a folder', async () => {
    await expect(readSafetensors(join(folder, 'none.ckpt'))).rejects.toMatchObject({
      code: 'PL3001',
      message: expect.stringMatching(/none\.ckpt does not exist/),
    });
    await expect(readSafetensors(folder)).rejects.toMatchObject({
      code: 'PL3001',
      message: expect.stringMatching(/is a folder/),
    });
  });

  it('refuses to write a tensor that does not fill its shape', () => {
    const tensors = new Map<string, TensorData>([
      ['a', { dtype: 'float32', shape: [3], data: new Float32Array(2) }],
    ]);
    expect(() => encodeSafetensors({ tensors, metadata: {} })).toThrow(
      expect.objectContaining({ code: 'PL3009' }),
    );
  });

  it('writes from views into larger memory', async () => {
    const data = Float32Array.of(0, 1, 2, 3).subarray(1, 3);
    const { tensors } = await read(
      encoded({ tensors: new Map([['v', { dtype: 'float32', shape: [2], data }]]), metadata: {} }),
    );
    expect([...tensors.get('v')!.data]).toEqual([1, 2]);
    expect(readdirSync(folder)).toEqual(['model.ckpt']);
    expect(readFileSync(path).length % 4).toBe(0);
  });
});
