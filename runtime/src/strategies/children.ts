import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import { PLError } from '../errors/pl-error.js';
import { processVariables } from './environments/local.js';
import { describeExit } from './local/processes.js';

/** Tells a process that a trainer started it, and which process that trainer is in. */
export const LAUNCHER_PID = 'PL_LAUNCHER_PID';

export interface LaunchPlan {
  worldSize: number;
  mainPort: number;
}

interface Child {
  rank: number;
  process: ChildProcess;
  /** How it ended, as the end of a sentence. */
  end?: string;
}

/** The other processes of a run: copies of this program, which end with it. */
export class Children {
  readonly #children: Child[] = [];
  readonly #onExit = () => this.#signal('SIGKILL');

  /** @throws PLError PL8005 where this program cannot be started again */
  constructor({ worldSize, mainPort }: LaunchPlan) {
    const [program, args] = ownCommand();
    process.on('exit', this.#onExit);
    for (let rank = 1; rank < worldSize; rank++) {
      const variables = processVariables({
        globalRank: rank,
        localRank: rank,
        nodeRank: 0,
        worldSize,
        localWorldSize: worldSize,
        mainAddress: '127.0.0.1',
        mainPort,
      });
      const child: Child = {
        rank,
        process: spawn(program, args, {
          env: { ...process.env, ...variables, [LAUNCHER_PID]: String(process.pid) },
          stdio: ['ignore', 'ignore', 'inherit'],
        }),
      };
      child.process.on('error', (error) => {
        child.end = `could not be started: ${error.message}`;
      });
      child.process.on('exit', (code, signal) => {
        child.end = describeExit(code ?? 0, signal === null ? 0 : constants.signals[signal]);
        if (code !== 0) process.exitCode ||= 1;
      });
      this.#children.push(child);
    }
  }

  /** @throws PLError PL8005 when one of them has ended */
  check(): void {
    const ended = this.#children.find(({ end }) => end !== undefined);
    if (ended === undefined) return;
    throw new PLError('PL8005', `rank ${ended.rank} ${ended.end} before it reached the run.`, {
      hint: 'What it printed is on stderr. The program has to come to the same call of the trainer in every process.',
    });
  }

  /** Waits until all have ended, and ends those that take longer than that. */
  async end(graceMs: number): Promise<void> {
    const running = this.#children.filter(({ end }) => end === undefined);
    const ended = Promise.all(
      running.map((child) => new Promise((resolve) => child.process.once('exit', resolve))),
    );
    const timer = setTimeout(() => this.#signal('SIGKILL'), graceMs);
    await ended;
    clearTimeout(timer);
    process.off('exit', this.#onExit);
  }

  #signal(signal: NodeJS.Signals): void {
    for (const { process: child, end } of this.#children) if (end === undefined) child.kill(signal);
  }
}

function ownCommand(): [program: string, args: string[]] {
  const options = process.execArgv.filter((option) => !option.startsWith('--inspect'));
  const isText = options.some((option) => ['-e', '--eval', '-p', '--print'].includes(option));
  if (isMainThread && (process.argv[1] !== undefined || isText)) {
    return [process.execPath, [...options, ...process.argv.slice(1)]];
  }
  throw new PLError(
    'PL8005',
    'this program cannot start its own copies: it is not the main thread of a script.',
    {
      hint: 'Start the processes from outside (torchrun), or set trainer.devices to 1.',
    },
  );
}
