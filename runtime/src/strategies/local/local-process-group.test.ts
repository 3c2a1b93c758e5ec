import { existsSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { imports, type RankError, runProcess, runRanks } from '../ranks.test.support.js';
import { folders, pathIn } from './rendezvous.js';

// Real processes, several in each test.
vi.setConfig({ testTimeout: 180_000 });

/** Whether a file with which processes met is still there. */
const isLeft = (key: string) => folders().some((folder) => existsSync(pathIn(folder, key)));

describe('collectives', () => {
  test('give every rank what their definition says, and all ranks the same bits', async () => {
    const outcomes = await runRanks(
      3,
      `
      const { createHash } = await import('node:crypto');
      // What rank r holds in case c, known to everyone: rounding matters, signs differ.
      const held = (Type, r, c, size) => Type.from({ length: size }, (_, i) =>
        Type === Int32Array ? ((i * 7 + r * 3 + c) % 5) + 1 : Math.fround((((i * 7919 + r * 104729 + c) % 1999) - 999) / 777));
      const ops = {
        sum: (xs) => xs.reduce((a, b) => a + b), mean: (xs) => xs.reduce((a, b) => a + b) / xs.length,
        min: (xs) => Math.min(...xs), max: (xs) => Math.max(...xs), product: (xs) => xs.reduce((a, b) => a * b),
      };
      const ranks = [0, 1, 2];
      const hash = createHash('sha256');
      let [cases, worst] = [0, 0];
      const compare = (got, wanted) => {
        for (let i = 0; i < got.length; i++) worst = Math.max(worst, Math.abs(got[i] - wanted(i)));
        cases++;
      };
      for (const Type of [Float32Array, Float64Array, Int32Array]) {
        for (const size of [0, 1, 12, 13, 1000, ...(Type === Float32Array ? [1_100_001] : [])]) {
          for (const op of size > 1000 ? ['sum'] : Object.keys(ops)) {
            if (Type === Int32Array && op === 'mean') continue;
            const inputs = ranks.map((r) => held(Type, r, cases, size));
            const own = inputs[rank].slice();
            const cut = Math.floor(size / 3);
            group.allReduce([own.subarray(0, cut), own.subarray(cut)], op).wait();
            compare(own, (i) => ops[op]([inputs[0][i], inputs[1][i], inputs[2][i]]));
            hash.update(new Uint8Array(own.buffer));
          }
          const root = cases % 3;
          const sent = held(Type, rank, cases, size);
          const told = held(Type, root, cases, size);
          group.broadcast([sent], root).wait();
          compare(sent, (i) => told[i]);
          const output = new Type(size);
          const parts = (r) => ranks.map((to) => held(Type, r, to, size));
          group.reduceScatter(output, parts(rank), 'max').wait();
          const all = ranks.map((r) => parts(r)[rank]);
          compare(output, (i) => Math.max(all[0][i], all[1][i], all[2][i]));
          const gathered = ranks.map(() => new Type(size));
          group.allGather(gathered, held(Type, rank, 0, size)).wait();
          for (const r of ranks) {
            const theirs = held(Type, r, 0, size);
            compare(gathered[r], (i) => theirs[i]);
          }
          group.barrier().wait();
        }
      }
      report({ worst, cases, hash: hash.digest('hex') });
    `,
    );
    const reports = outcomes.map(
      ({ reports }) => reports[0] as { worst: number; cases: number; hash: string },
    );
    expect(outcomes.map(({ stderr }) => stderr)).toEqual(['', '', '']);
    for (const { worst, cases } of reports) {
      expect(cases).toBeGreaterThan(140);
      // float32 sums of three numbers below 1
      expect(worst).toBeLessThan(3e-7);
    }
    expect(new Set(reports.map(({ hash }) => hash)).size).toBe(1);
  });

  test('write into tensors and variables in place, and leave what shared their memory alone', async () => {
    const outcomes = await runRanks(
      2,
      `
      const w = tf.variable(tf.fill([2, 3], rank + 1));
      const before = w.clone();
      const x = tf.fill([20], rank);
      group.allReduce([w, x], 'sum').wait();
      report([[...w.dataSync()], [...before.dataSync()], [...x.dataSync()].slice(0, 2)]);
    `,
    );
    expect(outcomes.map(({ reports }) => reports[0])).toEqual([
      [
        [3, 3, 3, 3, 3, 3],
        [1, 1, 1, 1, 1, 1],
        [1, 1],
      ],
      [
        [3, 3, 3, 3, 3, 3],
        [2, 2, 2, 2, 2, 2],
        [1, 1],
      ],
    ]);
  });

  test('that differ between ranks are an error on all of them that names both', async () => {
    const outcomes = await runRanks(
      2,
      `
      if (rank === 0) group.barrier().wait();
      else group.allReduce([new Float32Array(100)]).wait();
    `,
    );
    const reports = outcomes.map(({ reports }) => reports[0] as RankError);
    expect(reports.map(({ code }) => code)).toContain('PL8003');
    for (const { message } of reports) {
      expect(message).toMatch(/barrier/);
      expect(message).toMatch(/allReduce of 400 bytes/);
    }
  });
});

describe('when a rank ends', () => {
  test('with an error, all others end at once with its rank and message', async () => {
    const outcomes = await runRanks(
      3,
      `
      group.barrier().wait();
      if (rank === 1) throw new Error('the disk is full');
      group.allReduce([new Float32Array(100)]).wait();
    `,
    );
    for (const rank of [0, 2]) {
      const { code, message, seconds } = outcomes[rank]!.reports[0] as RankError;
      expect(code).toBe('PL8002');
      expect(message).toMatch(/^rank 1 \(process \d+\) failed: the disk is full$/);
      expect(seconds).toBeLessThan(20);
    }
  });

  test('by a signal, all others end soon with its rank and the signal', async () => {
    const outcomes = await runRanks(
      3,
      `
      group.barrier().wait();
      if (rank === 2) process.kill(process.pid, 'SIGKILL');
      group.allReduce([new Float32Array(100)]).wait();
    `,
    );
    expect(outcomes[2]!.signal).toBe('SIGKILL');
    for (const rank of [0, 1]) {
      const { code, message, seconds } = outcomes[rank]!.reports[0] as RankError;
      expect(code).toBe('PL8002');
      // The signal itself is visible only until the parent has asked for it.
      expect(message).toMatch(/^rank 2 \(process \d+\) (was killed by SIGKILL|died)$/);
      expect(seconds).toBeLessThan(20);
    }
  });

  test('without having said so, all others end with what it missed', async () => {
    const outcomes = await runRanks(
      2,
      `
      group.barrier().wait();
      if (rank === 0) group.barrier().wait();
    `,
    );
    const { message } = outcomes[0]!.reports[0] as RankError;
    expect(message).toMatch(/^rank 1 \(process \d+\) (has ended its run, but rank 0 still waits|ended|died)/);
  });

  test('never, because it hangs, all others end after the timeout', async () => {
    const outcomes = await runRanks(
      3,
      `
      group.barrier().wait();
      if (rank === 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);
      else group.allReduce([new Float32Array(100)]).wait();
    `,
      { timeoutMs: 1000 },
    );
    for (const rank of [0, 2]) {
      const { code, message, seconds } = outcomes[rank]!.reports[0] as RankError;
      expect(code).toBe('PL8002');
      expect(message).toMatch(/^rank 1 \(process \d+\) did not come to allReduce within 1 s/);
      expect(seconds).toBeGreaterThan(1);
    }
  });
});

describe('the rendezvous', () => {
  const join = (options: string) => `
    ${imports}
    const join = (options) => LocalProcessGroup.join({ worldSize: 2, timeoutMs: 60_000, joinTimeoutMs: 1000, ...options });
    await (${options})().catch(({ code, message }) => console.log(JSON.stringify({ code, message })));
  `;

  test('says which ranks are missing', async () => {
    const key = `missing-${process.pid}`;
    const [first, second] = await Promise.all([
      runProcess(join(`() => join({ rank: 0, worldSize: 3, key: '${key}' })`)),
      runProcess(join(`() => join({ rank: 1, key: 'not-${key}' })`)),
    ]);
    expect(first.reports).toEqual([{ code: 'PL8004', message: 'rank 1, 2 of 3 did not join within 1 s.' }]);
    expect(second.reports).toEqual([{ code: 'PL8004', message: 'rank 0 of 2 did not join within 1 s.' }]);
    expect(isLeft(key)).toBe(false);
  });

  test('passes over what a run left that was killed while it waited', async () => {
    const key = `killed-${process.pid}`;
    const killed = await runProcess(
      join(`() => {
        setTimeout(() => process.kill(process.pid, 'SIGKILL'), 300);
        return join({ rank: 0, key: '${key}' });
      }`),
    );
    expect(killed.signal).toBe('SIGKILL');
    expect(isLeft(key)).toBe(true);
    const report = 'console.log(JSON.stringify([group.rank, group.worldSize]))';
    const meet = (rank: number, delay: number) =>
      runProcess(
        join(`async () => {
          await new Promise((resolve) => setTimeout(resolve, ${delay}));
          const group = await join({ rank: ${rank}, key: '${key}', joinTimeoutMs: 100_000 });
          group.barrier().wait();
          ${report};
        }`),
      );
    // The second is there first, and finds only what was left.
    const outcomes = await Promise.all([meet(0, 800), meet(1, 0)]);
    expect(outcomes.map(({ reports }) => reports[0])).toEqual([
      [0, 2],
      [1, 2],
    ]);
    expect(isLeft(key)).toBe(false);
  });
});
