import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeCheckpoint } from '../checkpoint/checkpoint.js';
import { PLError } from '../errors/pl-error.js';
import { findCheckpoint } from './find-checkpoint.js';

let root: string;
let time = 1_000_000;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pl-find-'));
});
afterEach(() => rmSync(root, { recursive: true }));

/** A checkpoint that knows which one was the best when it was written; each is newer than the one before. */
async function save(folder: string, name: string, best: string): Promise<string> {
  const path = join(root, folder, name);
  const known = best === '' ? '' : join(root, folder, best);
  await writeCheckpoint(path, {
    stateDict: new Map(),
    optimizerStates: { tensors: new Map(), scalars: [] },
    epoch: 0,
    globalStep: 0,
    plVersion: '0',
    loops: null,
    callbacks: { Other: null, "ModelCheckpoint{'monitor': 'x'}": { best_model_path: known } },
    lrSchedulers: [],
    hyperParameters: {},
    rng: null,
    samplers: null,
  });
  time += 10;
  utimesSync(path, time, time);
  return path;
}

const places = (dirpath: string | null = null) => ({ rootDir: root, dirpath });
const run = (n: number) => `lightning_logs/version_${n}/checkpoints`;

describe('the checkpoint of an earlier run', () => {
  it('is of the newest run that has any, by number', async () => {
    await save(run(2), 'a.ckpt', 'a.ckpt');
    const ten = await save(run(10), 'b.ckpt', 'b.ckpt');
    mkdirSync(join(root, 'lightning_logs/version_11'), { recursive: true });
    mkdirSync(join(root, run(12)), { recursive: true });
    expect(await findCheckpoint('last', places())).toBe(ten);
  });

  it("is the best that the run's newest one knows, or the newest itself", async () => {
    const best = await save(run(0), 'epoch=1.ckpt', 'epoch=1.ckpt');
    const last = await save(run(0), 'last.ckpt', 'epoch=1.ckpt');
    expect(await findCheckpoint('best', places())).toBe(best);
    expect(await findCheckpoint('last', places())).toBe(last);
  });

  it('is found after the folder was moved', async () => {
    await save(run(0), 'epoch=1.ckpt', 'epoch=1.ckpt');
    await save(run(0), 'last.ckpt', 'epoch=1.ckpt');
    renameSync(join(root, 'lightning_logs'), join(root, 'kept'));
    mkdirSync(join(root, 'elsewhere'));
    renameSync(join(root, 'kept'), join(root, 'elsewhere/lightning_logs'));
    const found = await findCheckpoint('best', { rootDir: join(root, 'elsewhere'), dirpath: null });
    expect(found && basename(found)).toBe('epoch=1.ckpt');
  });

  it('is the newest where the best is gone or nobody judged', async () => {
    await save(run(0), 'a.ckpt', '');
    const b = await save(run(0), 'b.ckpt', 'gone.ckpt');
    expect(await findCheckpoint('best', places())).toBe(b);
    const c = await save(run(0), 'c.ckpt', '');
    expect(await findCheckpoint('best', places())).toBe(c);
  });

  it('lies in the folder that the settings name', async () => {
    await save(run(0), 'a.ckpt', 'a.ckpt');
    const own = await save('mine', 'b.ckpt', 'b.ckpt');
    expect(await findCheckpoint('best', places(join(root, 'mine')))).toBe(own);
  });

  it('is none of the other files there', async () => {
    mkdirSync(join(root, run(0)), { recursive: true });
    writeFileSync(join(root, run(0), '.a.ckpt.1.tmp'), '');
    writeFileSync(join(root, run(0), '.b.ckpt'), '');
    expect(await findCheckpoint('last', places())).toBeUndefined();
    expect(await findCheckpoint('best', { rootDir: join(root, 'nowhere'), dirpath: null })).toBeUndefined();
  });

  it('is refused when it is damaged', async () => {
    mkdirSync(join(root, run(0)), { recursive: true });
    writeFileSync(join(root, run(0), 'a.ckpt'), 'no checkpoint');
    await expect(findCheckpoint('best', places())).rejects.toThrow(PLError);
  });
});
