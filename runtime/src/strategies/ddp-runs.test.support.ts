import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { bundle } from './bundle.test.support.js';
import type { Scenario, ScenarioResult } from './ddp-program.test.support.js';
import { type ProcessOutcome, runCommand } from './run-command.test.support.js';

const program = bundle('ddp-program', `import './ddp-program.test.support.js';`);

export interface Run extends ProcessOutcome {
  folder: string;
  /** What the ranks that came to the end wrote, by rank and scenario. */
  ranks: ScenarioResult[][];
}

export interface RunOptions {
  folder?: string;
  env?: Record<string, string>;
  /** What starts the processes, in place of the trainer. */
  launcher?: readonly string[];
}

/** A folder that lasts as long as the test, or, outside of one, as long as its owner. */
export function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), 'ddp-'));
}

/** Runs scenarios as a user would run a program: in one process that starts the others, or under a launcher. */
export async function runScenarios(
  scenarios: readonly Scenario[],
  { folder = makeFolder(), env = {}, launcher = [] }: RunOptions = {},
): Promise<Run> {
  const command = [...launcher, process.execPath, program, folder, JSON.stringify(scenarios)];
  const outcome = await runCommand(command, env);
  const ranks: ScenarioResult[][] = [];
  for (let rank = 0; existsSync(join(folder, `rank-${rank}.json`)); rank++) {
    ranks.push(JSON.parse(readFileSync(join(folder, `rank-${rank}.json`), 'utf8')));
  }
  return { ...outcome, folder, ranks };
}

/** As `runScenarios`, for what a test takes for granted; its results by scenario and rank. */
export async function succeed(
  scenarios: readonly Scenario[],
  options?: RunOptions,
): Promise<Record<string, ScenarioResult[]>> {
  const { ranks, exitCode, stderr, folder } = await runScenarios(scenarios, options);
  if (exitCode !== 0) throw new Error(stderr);
  if (options?.folder === undefined) rmSync(folder, { recursive: true });
  return Object.fromEntries(scenarios.map(({ name }, i) => [name, ranks.map((results) => results[i]!)]));
}

/** Runs one scenario, in a folder that is gone after the test. */
export async function runOne(scenario: Omit<Scenario, 'name'>, options: RunOptions = {}): Promise<Run> {
  const folder = options.folder ?? makeFolder();
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return runScenarios([{ name: 'run', ...scenario }], { ...options, folder });
}

/** Paths of what a scenario has saved, the oldest first. */
export function checkpoints(folder: string, scenario = 'run'): string[] {
  const place = join(folder, scenario, 'lightning_logs/version_0/checkpoints');
  return readdirSync(place)
    .filter((name) => name.endsWith('.ckpt'))
    .sort()
    .map((name) => join(place, name));
}

/** The largest difference of weights, relative to the largest of them. The last variable, which follows rank 0, is left out. */
export function difference(a: ScenarioResult, b: ScenarioResult): number {
  const weights = (result: ScenarioResult) => result.weights.slice(0, -8);
  const largest = Math.max(...weights(b).map(Math.abs));
  return Math.max(...weights(a).map((weight, i) => Math.abs(weight - weights(b)[i]!))) / largest;
}
