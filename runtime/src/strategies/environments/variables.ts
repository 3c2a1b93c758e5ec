import { PLError } from '../../errors/pl-error.js';
import { type Environment, isSet } from './cluster-environment.js';

/** A launcher's environment variables, read strictly. */
export class Variables {
  constructor(
    private readonly env: Environment,
    /** Who sets them, for messages. */
    private readonly launcher: string,
  ) {}

  has(name: string): boolean {
    return isSet(this.env, name);
  }

  /** @throws PLError PL8101 when it is not set */
  text(name: string): string {
    if (this.has(name)) return this.env[name]!;
    throw new PLError('PL8101', `${name} is not set, ${this.launcher} sets it in every process`, {
      hint: `Start the program with ${this.launcher} and pass on all of its variables, or unset those that are left over.`,
    });
  }

  /** @throws PLError PL8101 when it is not set, PL8102 when it is no integer of at least `least` */
  integer(name: string, least = 0): number {
    const text = this.text(name);
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new PLError('PL8102', `${name} is '${text}', wanted an integer of at least ${least}`, {
      hint: `${this.launcher} sets it; correct it where it is set by hand.`,
    });
  }

  integerOr(name: string, fallback: number, least = 0): number {
    return this.has(name) ? this.integer(name, least) : fallback;
  }

  /** @throws PLError PL8103 unless the value of `rank` is below that of `size` */
  rank(rank: string, size: string, sizeFallback?: number): number {
    const value = this.integer(rank);
    const limit = sizeFallback === undefined ? this.integer(size, 1) : this.integerOr(size, sizeFallback, 1);
    if (value < limit) return value;
    throw new PLError(
      'PL8103',
      `${rank} is ${value}, wanted 0 to ${limit - 1}, because ${size} is ${limit}`,
      {
        hint: 'Ranks count from 0. Correct the variables where they are set by hand.',
      },
    );
  }

  /** @throws PLError PL8103 when there are more processes on this node, by `local`, than in all, by `world` */
  localWorldSize(local: string, world: string): number {
    const size = this.integer(local, 1);
    const all = this.integer(world, 1);
    if (size <= all) return size;
    throw new PLError('PL8103', `${local} is ${size}, wanted at most ${all}, because ${world} is ${all}`, {
      hint: `${world} counts the processes of all nodes. Correct the variables where they are set by hand.`,
    });
  }

  /** @throws PLError PL8102 when it is no port, PL8101 when it is not set and there is no fallback */
  port(name: string, fallback?: () => number): number {
    if (fallback !== undefined && !this.has(name)) return fallback();
    const port = this.integer(name, 1);
    if (port < 2 ** 16) return port;
    throw new PLError('PL8102', `${name} is ${port}, wanted a port from 1 to 65535`);
  }
}
