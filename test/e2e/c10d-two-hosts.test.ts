import type { ChildProcess } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { loadC10dAddon } from '../../runtime/src/strategies/c10d/create-c10d-process-group.js';
import { rankProgram } from '../../runtime/src/strategies/c10d/ranks.test.support.js';
import type { RankError } from '../../runtime/src/strategies/ranks.test.support.js';
import { TwoHosts } from './two-hosts.js';

test('two processes on each of two hosts reduce over gloo; when the cable is cut, all end with who is behind it', async (context) => {
  if (loadC10dAddon() === undefined) context.skip('the torch engine was not built here, or without c10d');
  const reason = TwoHosts.whyNot();
  if (reason !== undefined) context.skip(reason);
  const network = new TwoHosts();
  try {
    const [{ address }] = network.hosts;
    const ranks = [0, 1, 2, 3].map((rank) => {
      const program = rankProgram(
        rank,
        `
        const sum = tf.fill([1000], rank);
        group.allReduce([sum]).wait();
        report(sum.dataSync()[0]);
        for (;;) group.allReduce([sum]).wait();
      `,
        { worldSize: 4, localWorldSize: 2, address, port: 29_600, timeoutMs: 6000 },
      );
      return network.hosts[rank >> 1]!.spawn(
        process.execPath,
        ['--import', 'tsx', '--input-type=module', '--eval', program],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
    });
    const outputs = ranks.map(({ stdout }) => text(stdout!));
    await Promise.all(ranks.map((rank) => firstOutput(rank)));
    await wait(500);
    network.cut();
    const cutAt = performance.now();
    const reports = (await Promise.all(outputs)).map((output) =>
      output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    );
    expect((performance.now() - cutAt) / 1000).toBeLessThan(30);
    expect(reports.map(([sum]) => sum)).toEqual([6, 6, 6, 6]);
    for (const [rank, [, error]] of reports.entries()) {
      const { code, message } = error as RankError;
      expect(code).toBe('PL8002');
      const behind =
        rank < 2 ? /^rank [23] .* \(10\.199\.0\.2\) has stopped/ : /^rank 0 .* \(10\.199\.0\.1\) has stopped/;
      expect(message).toMatch(behind);
    }
    expect(network.processes()).toEqual([]);
  } finally {
    network.remove();
  }
});

function firstOutput({ stdout }: ChildProcess): Promise<void> {
  return new Promise((resolve) => stdout!.once('data', () => resolve()));
}
