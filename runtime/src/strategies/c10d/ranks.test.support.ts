import { createServer } from 'node:net';
import { type RankOutcome, runProcess } from '../ranks.test.support.js';

const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);

/** A port that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

export interface C10dRanksOptions {
  worldSize: number;
  port: number;
  timeoutMs?: number;
  address?: string;
  localWorldSize?: number;
}

/**
 * The text of a module for one rank, whose process meets the others over c10d, with the torch engine. The program sees
 * `group`, `rank`, `worldSize`, `tf` and `report(value)`; what it throws is told to the others.
 */
export function rankProgram(
  rank: number,
  program: string,
  { worldSize, port, timeoutMs = 60_000, address = '127.0.0.1', localWorldSize = worldSize }: C10dRanksOptions,
): string {
  return `
    import { writeSync } from 'node:fs';
    import * as tf from ${url('../../tf.ts')};
    import { loadTorchAddon } from ${url('../../engines/torch/load-addon.ts')};
    import { useTorch } from ${url('../../engines/torch.ts')};
    import { createC10dProcessGroup, loadC10dAddon } from ${url('./create-c10d-process-group.ts')};
    await useTorch(loadTorchAddon(), { device: 'cpu', threads: 1 }, 'test');
    const [rank, worldSize] = [${rank}, ${worldSize}];
    const report = (value) => writeSync(1, JSON.stringify(value) + '\\n');
    const place = { globalRank: rank, worldSize, localWorldSize: ${localWorldSize}, mainAddress: '${address}', mainPort: ${port}, restartCount: 0 };
    const group = await createC10dProcessGroup(place, { timeoutMs: ${timeoutMs}, joinTimeoutMs: 100_000 }, loadC10dAddon());
    const joinedAt = performance.now();
    try {
      ${program}
      group.close();
    } catch (error) {
      group.fail(error);
      report({ code: error.code, message: error.message, seconds: (performance.now() - joinedAt) / 1000 });
      process.exitCode = 1;
    }
  `;
}

/** Runs a program in as many processes as there are ranks. */
export async function runC10dRanks(
  worldSize: number,
  program: string,
  options: { timeoutMs?: number } = {},
): Promise<RankOutcome[]> {
  const port = await freePort();
  return Promise.all(
    Array.from({ length: worldSize }, (_, rank) =>
      runProcess(rankProgram(rank, program, { worldSize, port, ...options })),
    ),
  );
}
