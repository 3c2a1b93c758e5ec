import { isDeepStrictEqual } from 'node:util';
import { freePort } from '../process-run.js';
import { type ProcessOutcome, runCommand } from '../run-command.test.support.js';

const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);

export interface C10dRanksOptions {
  worldSize: number;
  port: number;
  timeoutMs?: number;
  address?: string;
  localWorldSize?: number;
  name?: string;
}

/**
 * The text of a module for one rank, whose process meets the others over c10d, with the torch engine. The program sees
 * `group`, `rank`, `worldSize`, `tf` and `report(value)`; what it throws is told to the others. Several texts make a
 * module together when they have names, with which they report.
 */
export function rankProgram(
  rank: number,
  program: string,
  {
    worldSize,
    port,
    timeoutMs = 60_000,
    address = '127.0.0.1',
    localWorldSize = worldSize,
    name,
  }: C10dRanksOptions,
): string {
  return `
    {
      const { writeSync } = await import('node:fs');
      const tf = await import(${url('../../tf.ts')});
      const { loadTorchAddon } = await import(${url('../../engines/torch/load-addon.ts')});
      const { useTorch } = await import(${url('../../engines/torch.ts')});
      const { createC10dProcessGroup, loadC10dAddon } = await import(${url('./create-c10d-process-group.ts')});
      await useTorch(loadTorchAddon(), { device: 'cpu', threads: 1 }, 'test');
      const [rank, worldSize] = [${rank}, ${worldSize}];
      const name = ${JSON.stringify(name)};
      const report = (value) => writeSync(1, JSON.stringify(name === undefined ? value : { name, value }) + '\\n');
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
    }
  `;
}

/** Runs a module's text, which imports TypeScript, in a process of its own. */
export function runProcess(program: string): Promise<ProcessOutcome> {
  return runCommand([process.execPath, '--import', 'tsx', '--input-type=module', '--eval', program]);
}

/** Runs a program in as many processes as there are ranks. */
export async function runC10dRanks(
  worldSize: number,
  program: string,
  options: { timeoutMs?: number } = {},
): Promise<ProcessOutcome[]> {
  const port = await freePort();
  return Promise.all(
    Array.from({ length: worldSize }, (_, rank) =>
      runProcess(rankProgram(rank, program, { worldSize, port, ...options })),
    ),
  );
}

/** What a process reports after all of its scenarios. */
const END = { name: 'end' };

/** A program of `rankProgram`, as one of several that the same processes run, each in a group of its own. */
export interface Scenario {
  program: string;
  timeoutMs?: number;
}

/**
 * Runs scenarios that no process dies of, one after the other in the same processes.
 *
 * @returns what each rank reported, by scenario
 */
export async function runScenarios<Name extends string>(
  worldSize: number,
  scenarios: Readonly<Record<Name, Scenario>>,
): Promise<Record<Name, unknown[][]>> {
  const names = Object.keys(scenarios) as Name[];
  const ports = await Promise.all(names.map(freePort));
  const programOf = (rank: number) =>
    names
      .map((name, i) =>
        rankProgram(rank, scenarios[name].program, {
          worldSize,
          port: ports[i]!,
          timeoutMs: scenarios[name].timeoutMs ?? 60_000,
          name,
        }),
      )
      .concat(`(await import('node:fs')).writeSync(1, '${JSON.stringify(END)}\\n');`)
      .join('\n');
  const outcomes = await Promise.all(
    Array.from({ length: worldSize }, (_, rank) => runProcess(programOf(rank))),
  );
  for (const [rank, { exitCode, signal, reports, stderr }] of outcomes.entries()) {
    // 1 is that of a rank that told the others of an error.
    const isWell = (exitCode === 0 || exitCode === 1) && isDeepStrictEqual(reports.at(-1), END);
    if (!isWell) throw new Error(`rank ${rank} ended with ${signal ?? exitCode}: ${stderr}`);
  }
  const reportsOf = (name: Name) =>
    outcomes.map(({ reports }) =>
      (reports as { name: string; value: unknown }[]).flatMap((report) =>
        report.name === name ? [report.value] : [],
      ),
    );
  return Object.fromEntries(names.map((name) => [name, reportsOf(name)])) as Record<Name, unknown[][]>;
}
