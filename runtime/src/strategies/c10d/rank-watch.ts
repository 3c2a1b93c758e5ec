import type { MonitorReport, NativeMonitor } from '../../engines/torch/distributed.js';
import { PLError } from '../../errors/pl-error.js';
import { endOf } from '../local/processes.js';
import { type FailureReport, RankFailure } from '../local/rank-failure.js';
import type { RankIdentity } from './rank-identity.js';

/** What a rank is doing: its how manieth collective, which one, over how many bytes. */
export interface Activity {
  sequence: number;
  collective: string;
  bytes: number;
}

type Message =
  | { kind: 'failed'; report: FailureReport }
  | { kind: 'mismatch'; text: string }
  /** The rank leaves after `sequence` collectives. */
  | { kind: 'left'; rank: number; sequence: number };

interface RankState {
  /** How many messages the rank has received. */
  received: number;
  activity: Activity | undefined;
  ageMs: number;
}

/** A rank renews its state every 500 ms. */
const SILENT_MS = 2500;
const PROCESS_INTERVAL_MS = 100;
const FLUSH_MS = 1000;
const LINGER_MS = 2000;

/** What this rank knows of the others while it waits for them: what they say, and whether their processes still run. */
export class RankWatch {
  readonly #left = new Map<number, number>();
  readonly #clock = new Int32Array(new SharedArrayBuffer(4));
  #failure: PLError | undefined;
  #report: FailureReport | undefined;
  #messages = 0;
  #states: RankState[] = [];
  #silenceMs = 0;
  #lost = '';
  #lookedAt = 0;

  constructor(
    private readonly monitor: NativeMonitor,
    private readonly rank: number,
    private readonly identities: readonly RankIdentity[],
    private readonly store: { host: string; port: number; isOfLauncher: boolean },
  ) {}

  /** What has ended the run. */
  get failure(): PLError | undefined {
    return this.#failure;
  }

  begin({ sequence, collective, bytes }: Activity): void {
    this.monitor.setActivity(`${sequence} ${collective} ${bytes}`);
  }

  /** From now on every rank's state is known. */
  watchAll(): void {
    this.monitor.watchAll();
  }

  /** Looks for what would keep the others from coming to a collective that this rank is in. */
  look(own: Activity): PLError | undefined {
    this.#update();
    return (
      this.#failure ??
      this.#goneAway(own) ??
      this.#deadProcess(own) ??
      this.#lostStore(own) ??
      this.#mismatch(own)
    );
  }

  /** After a connection broke: the rank that has fallen silent. */
  silent(): PLError | undefined {
    const silent = this.#silentRanks();
    if (silent.length === 0) return undefined;
    return this.#end({
      rank: silent[0]!,
      kind: 'death',
      cause: this.#silence(silent),
      pid: this.#pid(silent[0]!),
    });
  }

  /** After the timeout: whoever is to blame. */
  late(own: Activity, timeoutMs: number): PLError {
    const known = this.look(own);
    if (known !== undefined) return known;
    const silent = this.#silentRanks();
    if (silent.length > 0) {
      const [rank] = silent;
      return this.#end({ rank: rank!, kind: 'hang', cause: this.#silence(silent), pid: this.#pid(rank!) });
    }
    const late = this.#states.findIndex(
      ({ activity }, rank) => rank !== this.rank && isBehind(activity, own),
    );
    const missed = `${own.collective} within ${timeoutMs / 1000} s`;
    if (late < 0) {
      const error = new PLError(
        'PL8002',
        `the ranks did not finish ${missed}, though all of them are in it.`,
        {
          hint: 'The network between them may be slow or broken; or raise trainer.processGroupTimeout.',
        },
      );
      this.#failure = error;
      return error;
    }
    const cause = `did not come to ${missed}, where rank ${this.rank} waits for it`;
    return this.#end({ rank: late, kind: 'hang', cause, pid: this.#pid(late) });
  }

  /** Tells the others why this rank ends, unless they have told it. */
  fail(reason: unknown): void {
    this.#update();
    if (this.#failure === undefined) {
      const message = reason instanceof Error ? reason.message : String(reason);
      this.#end({ rank: this.rank, kind: 'error', cause: `failed: ${message}`, pid: process.pid });
    }
    this.monitor.flush(FLUSH_MS);
  }

  /** Tells the others that this rank has done its part. */
  leave(sequence: number): void {
    if (this.#failure === undefined) this.#say({ kind: 'left', rank: this.rank, sequence });
    this.monitor.flush(FLUSH_MS);
  }

  /** Waits until the others have heard what this rank said last: with it goes the store. */
  linger(): void {
    this.monitor.watchAll();
    const until = performance.now() + LINGER_MS;
    const knowsAll = (rank: number) =>
      rank === this.rank ||
      this.#left.has(rank) ||
      (this.#states[rank]?.received ?? 0) >= this.#messages ||
      this.#endOf(rank) !== undefined;
    do {
      this.#update();
      if (this.identities.every((_, rank) => knowsAll(rank)) || this.#lost !== '') return;
      Atomics.wait(this.#clock, 0, 0, 10);
    } while (performance.now() < until);
  }

  close(): void {
    this.monitor.close();
  }

  #update(): void {
    const report = this.monitor.report();
    for (const text of report.messages) this.#hear(JSON.parse(text) as Message);
    this.#messages += report.messages.length;
    this.#states = report.states.map(readState);
    this.#silenceMs = report.silenceMs;
    this.#lost = report.lost;
  }

  #hear(message: Message): void {
    switch (message.kind) {
      case 'left':
        this.#left.set(message.rank, message.sequence);
        break;
      case 'failed':
        this.#report ??= message.report;
        this.#failure ??= new RankFailure(message.report);
        break;
      case 'mismatch':
        this.#failure ??= mismatchError(message.text);
        break;
    }
  }

  #goneAway(own: Activity): PLError | undefined {
    for (const [rank, sequence] of this.#left) {
      if (sequence >= own.sequence) continue;
      const cause = `has ended its run, but rank ${this.rank} still waits for it in ${own.collective}`;
      return this.#end({ rank, kind: 'error', cause, pid: this.#pid(rank) });
    }
    return undefined;
  }

  #deadProcess(own: Activity): PLError | undefined {
    const now = performance.now();
    if (now - this.#lookedAt < PROCESS_INTERVAL_MS) return undefined;
    this.#lookedAt = now;
    for (const rank of this.identities.keys()) {
      const end = this.#left.has(rank) ? undefined : this.#endOf(rank);
      if (end === undefined) continue;
      // It may have said why just before.
      this.#update();
      return (
        this.#failure ??
        this.#goneAway(own) ??
        this.#end({ rank, kind: 'death', cause: end, pid: this.#pid(rank) })
      );
    }
    return undefined;
  }

  #endOf(rank: number): string | undefined {
    const { kernel, process } = this.identities[rank]!;
    if (rank === this.rank || kernel !== this.identities[this.rank]!.kernel) return undefined;
    return endOf(process);
  }

  /** The store goes with rank 0, or with the launcher. */
  #lostStore(own: Activity): PLError | undefined {
    if (this.#lost === '' || (this.#left.get(0) ?? 0) >= own.sequence) return undefined;
    const { host, port, isOfLauncher } = this.store;
    if (!isOfLauncher) {
      const cause = `is gone: it closed the connection to ${host}:${port}`;
      return this.#end({ rank: 0, kind: 'death', cause, pid: this.#pid(0) });
    }
    this.#failure = new PLError('PL8002', `the launcher's store at ${host}:${port} is gone: ${this.#lost}`, {
      hint: 'The launcher on the host of rank 0 has ended: see what it has to say.',
    });
    return this.#failure;
  }

  #mismatch(own: Activity): PLError | undefined {
    for (const [rank, { activity }] of this.#states.entries()) {
      if (activity === undefined || activity.sequence !== own.sequence) continue;
      if (activity.collective === own.collective && activity.bytes === own.bytes) continue;
      const text = `rank ${this.rank} is in ${describe(own)}, but rank ${rank} is in ${describe(activity)}.`;
      this.#failure = mismatchError(text);
      this.#say({ kind: 'mismatch', text });
      return this.#failure;
    }
    return undefined;
  }

  #silentRanks(): number[] {
    const { isOfLauncher } = this.store;
    // Through the store that does not answer nothing else can be seen.
    if (this.#silenceMs > SILENT_MS && this.rank !== 0 && !isOfLauncher) return [0];
    return this.#states.flatMap(({ ageMs }, rank) =>
      rank !== this.rank && ageMs > SILENT_MS && !this.#left.has(rank) ? [rank] : [],
    );
  }

  #silence([first, ...others]: readonly number[]): string {
    const also = others.length === 0 ? '' : `; so has rank ${others.join(', ')}`;
    const { host, address } = this.identities[first!]!;
    return `on ${host} (${address}) has stopped answering: its process or its network is down${also}`;
  }

  #end(report: FailureReport): PLError {
    this.#report = report;
    this.#failure = new RankFailure(report);
    this.#say({ kind: 'failed', report });
    return this.#failure;
  }

  #say(message: Message): void {
    this.monitor.publish(JSON.stringify(message));
  }

  #pid(rank: number): number {
    return this.identities[rank]!.process.pid;
  }
}

function readState({ text, ageMs }: MonitorReport['states'][number]): RankState {
  const [, received, sequence, collective, bytes] = text.split(' ');
  return {
    received: Number(received ?? 0),
    activity: collective ? { sequence: Number(sequence), collective, bytes: Number(bytes) } : undefined,
    ageMs,
  };
}

function isBehind(activity: Activity | undefined, own: Activity): boolean {
  return activity === undefined || activity.sequence < own.sequence;
}

function describe({ collective, bytes }: Activity): string {
  return bytes === 0 ? collective : `${collective} of ${bytes} bytes`;
}

function mismatchError(text: string): PLError {
  return new PLError('PL8003', text, {
    hint: 'Every rank has to call the same collectives in the same order, with the same sizes.',
  });
}
