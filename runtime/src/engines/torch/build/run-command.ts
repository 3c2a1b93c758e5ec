import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';

export interface CommandResult {
  /** Undefined when a signal ended it. */
  code: number | undefined;
  signal: NodeJS.Signals | undefined;
  /** What it wrote, to either stream. */
  output: string;
}

export interface CommandOptions {
  cwd?: string;
  /** Gets the command line and the output when the command has ended. */
  log: BuildLog;
  /** Ends the command. */
  stop?: AbortSignal;
  timeoutMs?: number;
}

/** Where commands and their output go: the log file, with `verbose` also the terminal. */
export class BuildLog {
  constructor(
    readonly path: string,
    readonly verbose: boolean,
  ) {}

  write(text: string): void {
    if (this.verbose) process.stderr.write(text);
    appendFileSync(this.path, text);
  }
}

/** Runs a program and waits for it. @throws Error when it cannot be started or was stopped */
export function runCommand(
  command: readonly string[],
  { cwd, log, stop, timeoutMs }: CommandOptions,
): Promise<CommandResult> {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Messages in English, so that they can be read for their causes.
      env: { ...process.env, LC_ALL: 'C' },
      ...(cwd !== undefined && { cwd }),
      ...(stop !== undefined && { signal: stop }),
      ...(timeoutMs !== undefined && { timeout: timeoutMs }),
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk;
      });
    }
    child.on('error', reject);
    child.on('close', (code, signal) => {
      try {
        log.write(`${command.join(' ')}\n${output}\n`);
        resolve({ code: code ?? undefined, signal: signal ?? undefined, output });
      } catch (error) {
        reject(error);
      }
    });
  });
}
