import { spawn } from 'node:child_process';

/** What a rank reports that ended with an error: how long after it had joined. */
export interface RankError {
  code: string;
  message: string;
  seconds: number;
}

/** How one rank's process ended, and what it said. */
export interface RankOutcome {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** The values that it passed to `report`. */
  reports: unknown[];
  stderr: string;
}

const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
let runs = 0;

/**
 * Runs a program in as many processes as there are ranks, which meet in a LocalProcessGroup. The program sees `group`,
 * `rank`, `worldSize`, `tf` and `report(value)`; what it throws is told to the others.
 */
export function runRanks(
  worldSize: number,
  program: string,
  { timeoutMs = 60_000 }: { timeoutMs?: number } = {},
): Promise<RankOutcome[]> {
  const key = `test-${process.pid}-${runs++}`;
  return Promise.all(
    Array.from({ length: worldSize }, (_, rank) =>
      runProcess(`
        import * as tf from ${url('../tf.ts')};
        import { LocalProcessGroup } from ${url('./local/local-process-group.ts')};
        const [rank, worldSize] = [${rank}, ${worldSize}];
        const report = (value) => console.log(JSON.stringify(value));
        const group = await LocalProcessGroup.join({ rank, worldSize, key: '${key}', timeoutMs: ${timeoutMs}, joinTimeoutMs: 100_000 });
        const joinedAt = performance.now();
        try {
          ${program}
          group.close();
        } catch (error) {
          group.fail(error);
          report({ code: error.code, message: error.message, seconds: (performance.now() - joinedAt) / 1000 });
          process.exitCode = 1;
        }
      `),
    ),
  );
}

/** Runs a module's text in a process of its own. */
export function runProcess(program: string): Promise<RankOutcome> {
  return runCommand([process.execPath, '--import', 'tsx', '--input-type=module', '--eval', program]);
}

/** Runs a command, whose lines on stdout are JSON. */
export function runCommand(
  [command, ...args]: readonly string[],
  env: Record<string, string> = {},
): Promise<RankOutcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command!, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (exitCode, signal) => {
      const reports = stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as unknown);
      resolve({ exitCode, signal, reports, stderr });
    });
  });
}
