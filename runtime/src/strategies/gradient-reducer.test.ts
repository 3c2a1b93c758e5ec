import { describe, expect, test, vi } from 'vitest';
import { loadC10dAddon } from './c10d/create-c10d-process-group.js';
import { runC10dRanks } from './c10d/ranks.test.support.js';

// Real processes, which load libtorch.
vi.setConfig({ testTimeout: 120_000 });

const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);

interface Report {
  /** Collectives under way when each parameter was told. */
  sent: number[];
  /** The first value of each gradient; null for none. */
  means: (number | null)[];
}

describe.skipIf(loadC10dAddon() === undefined)('gradients of several buckets', () => {
  test('leave in one order, while the backward pass goes on, and become the mean', async () => {
    const outcomes = await runC10dRanks(
      2,
      `
      const { GradientReducer } = await import(${url('./gradient-reducer.ts')});
      const { clearGrads, gradOf, setGrad } = await import(${url('../optim/gradients.ts')});
      // The last goes by itself, the first is larger than a bucket.
      const params = [7_000_000, 300_000, 300_000, 100].map((size) => tf.variable(tf.zeros([size])));
      let started = 0;
      const counted = { backend: group.backend, worldSize, rank, allReduce: (...args) => (started++, group.allReduce(...args)), allGather: (...args) => group.allGather(...args) };
      const reducer = new GradientReducer(counted, { findUnusedParameters: true, nameOf: () => '' });
      for (const order of [[3, 2, 1, 0], rank === 0 ? [0, 3, 1, 2] : [2, 1, 3, 0], [3, 1]]) {
        started = 0;
        clearGrads(params);
        const reduction = reducer.begin(params);
        const sent = order.map((i) => {
          setGrad(params[i], tf.fill(params[i].shape, 10 * i + 2 * rank));
          reduction.ready(params[i]);
          return started;
        });
        reduction.finish({ expectsAll: true });
        report({ sent, means: params.map((param) => gradOf(param)?.dataSync()[0] ?? null) });
      }
    `,
    );
    for (const [rank, { exitCode, reports, stderr }] of outcomes.entries()) {
      expect(exitCode, stderr).toBe(0);
      const whole = { means: [1, 11, 21, 31] };
      expect(reports as Report[]).toEqual([
        { ...whole, sent: [1, 1, 2, 3] },
        { ...whole, sent: rank === 0 ? [0, 1, 1, 3] : [0, 0, 2, 3] },
        { means: [null, 11, null, 31], sent: [1, 1] },
      ]);
    }
  });
});
