import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSafetensors } from './safetensors.js';
import { writeAtomically } from './write-atomically.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atomic-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('writeAtomically', () => {
  it('leaves a whole file, whenever the program is killed', async () => {
    const path = join(folder, 'model.ckpt');
    const script = join(folder, 'write.mts');
    const source = (name: string) => JSON.stringify(join(import.meta.dirname, name));
    writeFileSync(
      script,
      `import { encodeSafetensors } from ${source('safetensors.ts')};
       import { writeAtomically } from ${source('write-atomically.ts')};
       const data = new Float32Array(200_000);
       for (let i = 0; ; i++) {
         const tensors = new Map([['w', { dtype: 'float32' as const, shape: [data.length], data: data.fill(i) }]]);
         await writeAtomically(${JSON.stringify(path)}, encodeSafetensors({ tensors, metadata: {} }));
         if (i === 0) console.log('begun');
       }`,
    );
    for (const milliseconds of [0, 3, 11, 24]) {
      const program = spawn(process.execPath, ['--import', 'tsx', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = new Promise((resolve) => program.once('close', resolve));
      await new Promise((resolve) => program.stdout.once('data', resolve));
      await setTimeout(milliseconds);
      program.kill('SIGKILL');
      await ended;
      const { tensors } = await readSafetensors(path);
      const { data } = tensors.get('w')!;
      expect(data.every((value) => value === data[0])).toBe(true);
    }
  });

  it('removes what killed programs left, but nothing that may still be written', async () => {
    const [old, young, other] = ['.a.ckpt.0123456789abcdef.tmp', '.b.ckpt.fedcba9876543210.tmp', '.mine.tmp'];
    for (const name of [old, young, other]) writeFileSync(join(folder, name!), '');
    const twoHoursAgo = Date.now() / 1000 - 7200;
    for (const name of [old, other]) utimesSync(join(folder, name!), twoHoursAgo, twoHoursAgo);
    await writeAtomically(join(folder, 'c'), [Buffer.from('x')]);
    expect(readdirSync(folder).sort()).toEqual([young, other, 'c'].sort());
    expect(readFileSync(join(folder, 'c'), 'utf8')).toBe('x');
  });
});
