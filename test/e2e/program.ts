import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Outcome {
  /** 128 + signal number where a signal ended the program, as shells report it. */
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface ProgramOptions {
  cwd: string;
  env?: Record<string, string>;
  /** Called with every line of stdout and stderr, and with a way to send a signal to the program. */
  onLine?: (line: string, kill: (signal: NodeJS.Signals) => void) => void;
}

/** Starts a program without a terminal and waits for its end. */
export function program(command: string, args: readonly string[], options: ProgramOptions): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...cleanEnvironment(), NO_COLOR: '1', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const kill = (signal: NodeJS.Signals) => child.kill(signal);
    const collect = (stream: NodeJS.ReadableStream) => {
      const lines: string[] = [];
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        options.onLine?.(line, kill);
      });
      return lines;
    };
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const exitCode = code ?? 128 + (signal === 'SIGKILL' ? 9 : signal === 'SIGINT' ? 2 : 15);
      resolve({ exitCode, stdout: stdout.join('\n'), stderr: stderr.join('\n') });
    });
  });
}

/** The same, for steps that a test takes for granted: anything but success is an error with the whole output. */
export async function succeed(
  command: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<Outcome> {
  const outcome = await program(command, args, options);
  if (outcome.exitCode === 0) return outcome;
  const { exitCode, stdout, stderr } = outcome;
  throw new Error(`${[command, ...args].join(' ')} ended with ${exitCode}\n${stdout}\n${stderr}`);
}

/** What a person's shell has: without the settings that npm, Vitest and a developer's own runs leave there. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(npm_|PL_|VITEST|NODE_OPTIONS$|NODE_PATH$|NODE_ENV$|FORCE_COLOR$|INIT_CWD$|TEST$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}
