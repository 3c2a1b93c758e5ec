import { spawn } from 'node:child_process';

/** How a process ended, and what it said. */
export interface ProcessOutcome {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** The lines that it wrote to stdout, each a value in JSON. */
  reports: unknown[];
  stderr: string;
}

/** Runs a command, whose lines on stdout are JSON. */
export function runCommand(
  [command, ...args]: readonly string[],
  env: Record<string, string> = {},
): Promise<ProcessOutcome> {
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
