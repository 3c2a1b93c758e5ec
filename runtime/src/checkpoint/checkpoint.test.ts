import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Checkpoint, readCheckpoint, writeCheckpoint, writeCheckpointSync } from './checkpoint.js';
import { describeCheckpoint } from './describe-checkpoint.js';
import { encodeSafetensors } from './safetensors.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'checkpoint-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const checkpoint: Checkpoint = {
  stateDict: new Map([
    ['net.0.kernel', { dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
    ['net.0.mask', { dtype: 'bool', shape: [2], data: Uint8Array.of(1, 0) }],
    ['steps', { dtype: 'int32', shape: [], data: Int32Array.of(7) }],
  ]),
  optimizerStates: {
    tensors: new Map([
      ['0.net.0.kernel.exp_avg', { dtype: 'float32', shape: [2, 2], data: new Float32Array(4) }],
    ]),
    scalars: [{ step: 12, groups: [{ lr: 0.1 }] }],
  },
  epoch: 3,
  globalStep: 12,
  plVersion: '0.1.0',
  loops: { fit_loop: { batch: 4 } },
  callbacks: { EarlyStopping: { bestScore: Number.POSITIVE_INFINITY, waitCount: 0 } },
  lrSchedulers: [{ lastEpoch: 3 }],
  hyperParameters: { learningRate: 0.1, name: 'ünï' },
  rng: { algorithm: 'xoshiro128**', state: [1, 2, 3, 4] },
  samplers: [{ seed: 5, position: 2 }],
  extra: { myKey: { a: 1 } },
};

describe('checkpoints', () => {
  it.each([
    ['writeCheckpoint', writeCheckpoint],
    ['writeCheckpointSync', writeCheckpointSync],
  ])('come back as %s wrote them, and nothing else is left in the folder', async (_, write) => {
    const path = join(folder, 'made', 'on', 'the way', 'epoch=3-step=12.ckpt');
    await write(path, checkpoint);
    expect(await readCheckpoint(path)).toEqual(checkpoint);
    await write(path, { ...checkpoint, epoch: 4 });
    expect((await readCheckpoint(path)).epoch).toBe(4);
    expect(readdirSync(join(path, '..'))).toEqual(['epoch=3-step=12.ckpt']);
  });

  it('name tensors and metadata as the format says', async () => {
    const path = join(folder, 'a.ckpt');
    await writeCheckpoint(path, checkpoint);
    const file = readFileSync(path);
    const header = JSON.parse(file.toString('utf8', 8, 8 + Number(file.readBigUInt64LE())));
    const { __metadata__: metadata, ...tensors } = header;
    expect(Object.keys(tensors).sort()).toEqual([
      'optimizer_states.0.net.0.kernel.exp_avg',
      'state_dict.net.0.kernel',
      'state_dict.net.0.mask',
      'state_dict.steps',
    ]);
    expect(metadata).toMatchObject({
      epoch: '3',
      global_step: '12',
      pl_version: '"0.1.0"',
      loops: '{"fit_loop":{"batch":4}}',
      optimizer_states: '[{"step":12,"groups":[{"lr":0.1}]}]',
      hyper_parameters: '{"learningRate":0.1,"name":"ünï"}',
      samplers: '[{"seed":5,"position":2}]',
    });
    expect(Object.keys(metadata)).toEqual(
      expect.arrayContaining(['callbacks', 'lr_schedulers', 'rng', 'extra']),
    );
  });

  it('may come from a program that writes tensors only', async () => {
    const path = join(folder, 'weights.ckpt');
    const json = JSON.stringify({ 'state_dict.w': { dtype: 'F32', shape: [1], data_offsets: [0, 4] } });
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.length));
    writeFileSync(path, Buffer.concat([length, Buffer.from(json), Buffer.from(Float32Array.of(2).buffer)]));
    const read = await readCheckpoint(path);
    expect([...read.stateDict.get('w')!.data]).toEqual([2]);
    expect(read).toMatchObject({
      epoch: 0,
      globalStep: 0,
      callbacks: {},
      lrSchedulers: [],
      hyperParameters: {},
    });
  });

  it('keep the old file when the new one cannot be encoded', async () => {
    const path = join(folder, 'a.ckpt');
    await writeCheckpoint(path, checkpoint);
    const callbacks = { Mine: { cache: new Map() } };
    await expect(writeCheckpoint(path, { ...checkpoint, callbacks })).rejects.toThrow(
      /a Map, found at callbacks\.Mine\.cache/,
    );
    expect(() => writeCheckpointSync(path, { ...checkpoint, callbacks })).toThrow(
      expect.objectContaining({ code: 'PL3009' }),
    );
    expect(await readCheckpoint(path)).toEqual(checkpoint);
  });

  it('cannot be written below a file or over a folder, and then leave nothing behind', async () => {
    writeFileSync(join(folder, 'file'), '');
    mkdirSync(join(folder, 'taken.ckpt'));
    for (const path of [
      join(folder, 'file', 'a.ckpt'),
      join(folder, 'file', 'deeper', 'a.ckpt'),
      join(folder, 'taken.ckpt'),
    ]) {
      const failure = { code: 'PL3010', message: expect.stringContaining(path) };
      await expect(writeCheckpoint(path, checkpoint)).rejects.toMatchObject(failure);
      expect(() => writeCheckpointSync(path, checkpoint)).toThrow(expect.objectContaining(failure));
    }
    expect(readdirSync(folder).sort()).toEqual(['file', 'taken.ckpt']);
    expect(readdirSync(join(folder, 'taken.ckpt'))).toEqual([]);
  });

  it('cannot be written where permission is missing', async () => {
    // /proc refuses new files even to root.
    await expect(writeCheckpoint('/proc/sys/a.ckpt', checkpoint)).rejects.toMatchObject({ code: 'PL3010' });
  });

  it('leave nothing behind when the disk takes only a part', () => {
    // The shell's limit on a file's size stands for the full disk: the write fails in the middle.
    const script = join(folder, 'write.ts');
    const path = join(folder, 'big.ckpt');
    writeFileSync(
      script,
      `import { writeCheckpoint } from ${JSON.stringify(join(import.meta.dirname, 'checkpoint.ts'))};
       process.on('SIGXFSZ', () => undefined);
       const stateDict = new Map([['w', { dtype: 'float32', shape: [1 << 20], data: new Float32Array(1 << 20) }]]);
       const checkpoint = { stateDict, optimizerStates: { tensors: new Map(), scalars: [] }, epoch: 0, globalStep: 0,
         plVersion: '', loops: 0, callbacks: {}, lrSchedulers: [], hyperParameters: {}, rng: 0, samplers: 0 };
       writeCheckpoint(${JSON.stringify(path)}, checkpoint).catch((error) => console.log(error.code));`,
    );
    const command = `ulimit -f 1024; exec "${process.execPath}" --import tsx "${script}"`;
    expect(execFileSync('bash', ['-c', command], { encoding: 'utf8' }).trim()).toBe('PL3010');
    expect(readdirSync(folder)).toEqual(['write.ts']);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['an epoch that is no count', { epoch: '-1' }, /"epoch" is not a count/],
    ['metadata that is no JSON', { loops: '{' }, /"loops" is not valid JSON/],
    ['callbacks that are a list', { callbacks: '[]' }, /"callbacks" is not a record/],
  ])('are refused with %s', async (_, metadata, message) => {
    const path = join(folder, 'odd.ckpt');
    writeFileSync(path, Buffer.concat(encodeSafetensors({ tensors: new Map(), metadata })));
    await expect(readCheckpoint(path)).rejects.toThrow(message);
    await expect(readCheckpoint(path)).rejects.toMatchObject({ code: 'PL3008' });
  });

  it('are told from other safetensors files', async () => {
    const path = join(folder, 'plain.safetensors');
    const tensors = checkpoint.stateDict;
    writeFileSync(path, Buffer.concat(encodeSafetensors({ tensors, metadata: {} })));
    await expect(readCheckpoint(path)).rejects.toMatchObject({
      code: 'PL3008',
      message: expect.stringMatching(/net\.0\.kernel/),
    });
  });

  it('have a short description', () => {
    const text = describeCheckpoint(checkpoint);
    expect(text).toMatch(/^epoch 3, step 12, written by version 0\.1\.0$/m);
    expect(text).toMatch(/^model: 3 tensors, 7 values$/m);
    expect(text).toMatch(/^ {2}net\.0\.kernel {2}float32 \[2, 2\]$/m);
  });
});
