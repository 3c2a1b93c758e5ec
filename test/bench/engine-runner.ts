import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Precision } from '../../runtime/src/engines/autocast-engine.js';
import type { Accelerator } from '../../runtime/src/engines/selected-engine.js';
import type { Answer } from './engine-worker.js';

/** What a worker trains, and on what. */
export interface Job {
  model: string;
  threads: number;
  accelerator: Accelerator;
  /** Default `32-true`. */
  precision?: Precision;
  /** Part of the batch that it trains on; default all of it. */
  share?: number;
}

/** The command that trains on an engine of tfjs. */
export function engineCommand(
  engine: string,
  { model, threads, accelerator, share = 1, precision = '32-true' }: Job,
): string[] {
  const worker = join(import.meta.dirname, 'engine-worker.ts');
  const job = [engine, `${threads}`, model, `${share}`, accelerator, precision];
  return [process.execPath, '--import', 'tsx', worker, ...job];
}

/** The command that trains in PyTorch. */
export function peerCommand(
  python: string,
  { model, threads, accelerator, precision = '32-true' }: Job,
): string[] {
  const device = accelerator === 'gpu' ? 'cuda' : accelerator === 'mps' ? 'mps' : 'cpu';
  return [python, join(import.meta.dirname, 'engines_peer.py'), `${threads}`, model, device, precision];
}

/** A process that trains one model on one engine. Its answers are undefined once it has failed. */
export class Runner {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #errors = '';

  constructor([command = '', ...args]: string[], threads: number) {
    // PyTorch's number of threads is not that of OpenBLAS, which it may call.
    const env = { ...process.env, OPENBLAS_NUM_THREADS: `${threads}` };
    this.#process = spawn(command, args, { stdio: 'pipe', env });
    this.#process.stderr!.on('data', (data) => {
      this.#errors += data;
    });
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  /** Trains some steps. */
  train(steps: number): Promise<Answer | undefined> {
    return this.#ask(`${steps}`);
  }

  /** Writes weights and data to a file; only for engines of tfjs. */
  save(path: string): Promise<Answer | undefined> {
    return this.#ask(`save ${path}`);
  }

  /** Takes weights and data from such a file. */
  load(path: string): Promise<Answer | undefined> {
    return this.#ask(`load ${path}`);
  }

  async #ask(line: string): Promise<Answer | undefined> {
    this.#process.stdin!.write(`${line}\n`);
    const { value, done } = await this.#lines.next();
    return done ? undefined : (JSON.parse(value) as Answer);
  }

  /** Why it failed. */
  get problem(): string {
    const lines = this.#errors.trim().split('\n');
    return lines.find((line) => /error/i.test(line))?.trim() ?? lines.at(-1) ?? 'it ended';
  }

  end(): void {
    this.#process.stdin!.end();
  }
}

/** How far losses are from those of a peer: the largest relative difference. */
export function lossDifference(losses: readonly number[], peer: readonly number[]): number {
  return Math.max(...losses.map((loss, i) => Math.abs(loss - peer[i]!) / Math.abs(peer[i]!)));
}
