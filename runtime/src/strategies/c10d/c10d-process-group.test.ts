import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import { whyNot } from '../../engines/torch/torch.test.kit.js';
import { freePort } from '../process-run.js';
import type { RankError } from '../ranks.test.support.js';
import { loadC10dAddon } from './create-c10d-process-group.js';
import { rankProgram, runC10dRanks, runProcess, runScenarios } from './ranks.test.support.js';

// Real processes, several in each test; each loads libtorch.
vi.setConfig({ testTimeout: 120_000 });

const addon = loadC10dAddon();
if (addon === undefined)
  console.warn(`c10d is not tested: ${whyNot || 'the torch engine was built without it'}`);

/** What no process dies of: all in the same three processes, each in a group of its own. */
const scenarios = {
  definitions: {
    program: `
      const { createHash } = await import('node:crypto');
      // What rank r holds in case c, known to everyone: rounding matters, signs differ.
      const held = (Type, r, c, size) => Type.from({ length: size }, (_, i) =>
        Type === Float32Array || Type === Float64Array
          ? Math.fround((((i * 7919 + r * 104729 + c) % 1999) - 999) / 777)
          : ((i * 7 + r * 3 + c) % 5) + 1);
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
      for (const Type of [Float32Array, Float64Array, Int32Array, Uint8Array]) {
        const isFloat = Type === Float32Array || Type === Float64Array;
        for (const size of [0, 1, 13, 1000, ...(Type === Float32Array ? [600_001] : [])]) {
          for (const op of size > 1000 ? ['sum'] : Object.keys(ops)) {
            const inputs = ranks.map((r) => held(Type, r, cases, size));
            const result = (i) => {
              const exact = ops[op]([inputs[0][i], inputs[1][i], inputs[2][i]]);
              return isFloat ? exact : Math.trunc(exact);
            };
            const own = inputs[rank].slice();
            const cut = Math.floor(size / 3);
            group.allReduce([own.subarray(0, cut), own.subarray(cut)], op).wait();
            compare(own, result);
            hash.update(new Uint8Array(own.buffer));
          }
          const root = cases % 3;
          const sent = held(Type, rank, cases, size);
          const told = held(Type, root, cases, size);
          group.broadcast([sent], root).wait();
          compare(sent, (i) => told[i]);
          const output = new Type(size);
          const parts = (r) => ranks.map((to) => held(Type, r, to, size));
          for (const op of ['max', 'mean']) {
            group.reduceScatter(output, parts(rank), op).wait();
            const all = ranks.map((r) => parts(r)[rank]);
            const result = (i) => ops[op]([all[0][i], all[1][i], all[2][i]]);
            compare(output, (i) => (isFloat ? result(i) : Math.trunc(result(i))));
          }
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
  },
  tensors: {
    program: `
      const w = tf.variable(tf.fill([2, 3], rank + 1));
      const before = w.clone();
      const x = tf.fill([20], rank);
      const view = tf.range(0, 6).reshape([2, 3]).transpose().add(rank);
      group.allReduce([w, x, view], 'mean').wait();
      report([w, before, view].map((tensor) => [...tensor.dataSync()]));

      const flags = tf.tensor([rank === 0, rank >= 1, false], [3], 'bool');
      group.allReduce([flags]).wait();
      const complex = tf.complex([rank, 1], [2, rank]);
      group.allReduce([complex]).wait();
      const parts = [tf.zeros([2]), tf.zeros([2]), tf.zeros([2])];
      group.allGather(parts, tf.tensor([rank, 7])).wait();
      const share = tf.zeros([2]);
      group.reduceScatter(share, [tf.tensor([1, 2]), tf.tensor([10, 20 + rank]), tf.tensor([100, 200])]).wait();
      report([flags, complex, ...parts, share].map((tensor) => [...tensor.dataSync()]));

      // Without tfjs's advice on stderr.
      tf.env().set('PROD', true);
      await tf.setBackend('cpu');
      const onHost = tf.variable(tf.fill([2], rank));
      group.allReduce([onHost]).wait();
      report([...onHost.dataSync()]);
      await tf.setBackend('torch');
    `,
  },
  asynchronous: {
    program: `
      const buckets = Array.from({ length: 4 }, (_, i) => tf.variable(tf.fill([2_000_000], i + rank)));
      const last = (bucket) => tf.tidy(() => bucket.slice(1_999_999, 1).dataSync()[0]);
      group.barrier().wait();
      const works = buckets.map((bucket) => group.allReduce([bucket]));
      // Nobody waits, and they come to their ends.
      const until = performance.now() + 20_000;
      while (buckets.some((bucket, i) => last(bucket) !== 3 * i + 3) && performance.now() < until);
      const done = buckets.map(last);
      for (const work of works) work.wait();
      works[0].wait();
      report(done);
    `,
  },
  mismatch: {
    program: `
      if (rank === 0) group.barrier().wait();
      else group.allReduce([new Float32Array(100)]).wait();
    `,
  },
  error0: { program: throwing(0) },
  error1: { program: throwing(1) },
  leaving: {
    program: `
      group.barrier().wait();
      if (rank === 0) group.barrier().wait();
    `,
  },
  computing: {
    program: `
      group.barrier().wait();
      const pause = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
      if (rank === 1) pause(3000);
      const values = new Float32Array(100).fill(rank + 1);
      try {
        group.allReduce([values]).wait();
      } finally {
        group.fail(new Error('stopped'));
        // Rank 1 comes, and the collective ends after all.
        if (rank !== 1) pause(4000);
        report(values.every((value) => value === rank + 1));
      }
    `,
    timeoutMs: 1500,
  },
};

function throwing(culprit: number): string {
  return `
    group.barrier().wait();
    if (rank === ${culprit}) throw new Error('the disk is full');
    group.allReduce([new Float32Array(100)]).wait();
  `;
}

const reports = addon === undefined ? undefined : runScenarios(3, scenarios);
// The tests that wait for it tell what went wrong.
reports?.catch(() => {});
const errorsOf = async (name: keyof typeof scenarios) =>
  (await reports!)[name].map((list) => list[0] as RankError | undefined);

describe.skipIf(addon === undefined)('collectives over gloo', () => {
  test('give every rank what their definition says, and all ranks the same bits', async () => {
    const { definitions } = await reports!;
    const results = definitions.map(([result]) => result as { worst: number; cases: number; hash: string });
    for (const { worst, cases } of results) {
      expect(cases).toBeGreaterThan(140);
      // float32 sums and products of three numbers below 1.3
      expect(worst).toBeLessThan(5e-7);
    }
    expect(new Set(results.map(({ hash }) => hash)).size).toBe(1);
  });

  test('work on tensors of the torch engine in place, and leave what shared their memory alone', async () => {
    const { tensors } = await reports!;
    for (const [rank, [inPlace, types, onHost]] of tensors.entries()) {
      expect(inPlace).toEqual([Array(6).fill(2), Array(6).fill(rank + 1), [1, 4, 2, 5, 3, 6]]);
      const share = [
        [3, 6],
        [30, 63],
        [300, 600],
      ][rank];
      expect(types).toEqual([[1, 1, 0], [3, 6, 3, 3], [0, 7], [1, 7], [2, 7], share]);
      expect(onHost).toEqual([3, 3]);
    }
  });

  test('go on while JavaScript does, several at once', async () => {
    const { asynchronous } = await reports!;
    expect(asynchronous.map(([done]) => done)).toEqual(Array(3).fill([3, 6, 9, 12]));
  });

  test('that differ between ranks are an error on all of them that names both', async () => {
    const errors = await errorsOf('mismatch');
    expect(errors.map((error) => error?.code)).toContain('PL8003');
    for (const error of errors) {
      expect(error?.message).toMatch(/barrier/);
      expect(error?.message).toMatch(/allReduce of 400 bytes/);
      expect(error?.seconds).toBeLessThan(20);
    }
  });
});

describe.skipIf(addon === undefined)('when a rank ends', () => {
  test.each([0, 1])('with an error, all others end at once with its message: rank %i', async (culprit) => {
    const errors = await errorsOf(culprit === 0 ? 'error0' : 'error1');
    expect(errors[culprit]?.message).toBe('the disk is full');
    for (const error of errors.filter((_, rank) => rank !== culprit)) {
      expect(error?.code).toBe('PL8002');
      expect(error?.message).toMatch(
        new RegExp(`^rank ${culprit} \\(process \\d+\\) failed: the disk is full$`),
      );
      expect(error?.seconds).toBeLessThan(20);
    }
  });

  test('without having said so, all others end with what it missed', async () => {
    const [first] = await errorsOf('leaving');
    expect(first?.message).toMatch(/^rank [12] \(process \d+\) has ended its run, but rank 0 still waits/);
  });

  test('never, because it computes, all others end after the timeout', async () => {
    const { computing } = await reports!;
    for (const rank of [0, 2]) {
      const [isUntouched, { code, message, seconds }] = computing[rank] as [boolean, RankError];
      expect(code).toBe('PL8002');
      expect(message).toMatch(/^rank 1 \(process \d+\) did not come to allReduce within 1.5 s/);
      expect(seconds).toBeGreaterThan(1.4);
      // Nor is anything written to what has been given up.
      expect(isUntouched).toBe(true);
    }
  });

  test.each([
    { culprit: 0, worldSize: 2 },
    { culprit: 2, worldSize: 3 },
  ])(
    'by a signal, all others end soon with its rank and the signal: rank $culprit',
    async ({ culprit, worldSize }) => {
      const outcomes = await runC10dRanks(
        worldSize,
        `
      group.barrier().wait();
      if (rank === ${culprit}) process.kill(process.pid, 'SIGKILL');
      group.allReduce([new Float32Array(100)]).wait();
    `,
      );
      expect(outcomes[culprit]!.signal).toBe('SIGKILL');
      for (const { reports } of outcomes.filter((_, rank) => rank !== culprit)) {
        const { code, message, seconds } = reports[0] as RankError;
        expect(code).toBe('PL8002');
        // The signal itself is visible only until the parent has asked for it.
        expect(message).toMatch(
          new RegExp(`^rank ${culprit} \\(process \\d+\\) (was killed by SIGKILL|died|is gone: )`),
        );
        expect(seconds).toBeLessThan(20);
      }
    },
  );

  test('never, because it is stopped, all others end after the timeout', async () => {
    const port = await freePort();
    const program = (rank: number) =>
      rankProgram(
        rank,
        `
        group.barrier().wait();
        report(process.pid);
        if (rank === 0) {
          const pids = [new Int32Array(1), new Int32Array(1)];
          group.allGather(pids, new Int32Array([process.pid])).wait();
          process.kill(pids[1][0], 'SIGSTOP');
          setTimeout(() => process.kill(pids[1][0], 'SIGKILL'), 10);
        } else group.allGather([new Int32Array(1), new Int32Array(1)], new Int32Array([process.pid])).wait();
        group.allReduce([new Float32Array(100)]).wait();
      `,
        { worldSize: 2, port, timeoutMs: 4000 },
      );
    const [first, second] = await Promise.all([0, 1].map((rank) => runProcess(program(rank))));
    const { code, message, seconds } = first!.reports[1] as RankError;
    expect(code).toBe('PL8002');
    expect(message).toMatch(/^rank 1 \(process \d+\) on \S+ \(127\.0\.0\.1\) has stopped answering/);
    expect(seconds).toBeLessThan(20);
    expect(second!.signal).toBe('SIGKILL');
  });
});

describe.skipIf(addon === undefined)('an interrupted rank', () => {
  test('that waits ends at the second signal, though its handler waits for JavaScript', async () => {
    const outcomes = await runC10dRanks(
      2,
      `
      process.on('SIGINT', () => {});
      group.barrier().wait();
      const { spawn } = await import('node:child_process');
      if (rank === 1) {
        spawn('sh', ['-c', 'sleep 0.5; kill -INT ' + process.pid + '; sleep 0.3; kill -INT ' + process.pid]);
        group.barrier().wait();
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);
      group.barrier().wait();
    `,
    );
    expect(outcomes[1]!.exitCode).toBe(130);
    const { code, message } = outcomes[0]!.reports[0] as RankError;
    expect(code).toBe('PL8002');
    expect(message).toMatch(/^rank 1 \(process \d+\) failed: it was interrupted by signal 2$/);
  });
});

describe.skipIf(addon === undefined)('the rendezvous', () => {
  const join = (options: Record<string, unknown>) => `
    import { createC10dProcessGroup, loadC10dAddon } from ${JSON.stringify(new URL('./create-c10d-process-group.ts', import.meta.url).href)};
    const place = { globalRank: 0, worldSize: 2, localWorldSize: 2, mainAddress: '127.0.0.1', restartCount: 0, ...${JSON.stringify(options)} };
    await createC10dProcessGroup(place, { timeoutMs: 60_000, joinTimeoutMs: 1000 }, loadC10dAddon()).catch(({ code, message }) => console.log(JSON.stringify({ code, message })));
    process.exit();
  `;

  test('says which ranks are missing', async () => {
    const [port, other] = [await freePort(), await freePort()];
    const [first, second] = await Promise.all([
      runProcess(join({ worldSize: 3, mainPort: port })),
      runProcess(join({ globalRank: 1, mainPort: other })),
    ]);
    expect(first.reports).toEqual([{ code: 'PL8004', message: 'rank 1, 2 of 3 did not join within 1 s.' }]);
    expect(second.reports).toEqual([
      { code: 'PL8004', message: `nobody answered at 127.0.0.1:${other} within 1 s.` },
    ]);
  });

  test('ends in time, and so does the process, though the store does not answer', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, resolve));
    const { port } = silent.address() as AddressInfo;
    try {
      const { reports, exitCode } = await runProcess(join({ globalRank: 1, mainPort: port }));
      const message = `the store of the run at 127.0.0.1:${port} did not answer within 1 s.`;
      expect(reports).toEqual([{ code: 'PL8004', message }]);
      expect(exitCode).toBe(0);
    } finally {
      silent.close();
    }
  });
});
