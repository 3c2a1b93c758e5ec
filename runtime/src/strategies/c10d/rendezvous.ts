import { setTimeout as pause } from 'node:timers/promises';
import type {
  DistributedAddon,
  DistributedBackend,
  NativeProcessGroup,
  NativeStore,
  StoreAddress,
  StoreAnswer,
} from '../../engines/torch/distributed.js';
import { PLError } from '../../errors/pl-error.js';
import { endOf } from '../local/processes.js';
import { RankFailure } from '../local/rank-failure.js';
import { addressTowards, isLoopback, outwardAddress } from './network-address.js';
import { ownIdentity, type RankIdentity } from './rank-identity.js';

const POLL_MS = 20;
/** Most answers of a store come within this. */
const ANSWER_MS = 5;

export interface RendezvousOptions {
  rank: number;
  worldSize: number;
  /** Whether ranks are on other hosts too. */
  spansHosts: boolean;
  host: string;
  port: number;
  /** What the run has to itself in a store that outlives it. */
  prefix: string;
  /** Whether this rank opens the store. */
  hostsStore: boolean;
  backend: DistributedBackend;
  /** Milliseconds that a collective may take. */
  timeoutMs: number;
  /** Milliseconds to wait for the others to join. */
  joinTimeoutMs: number;
  /** Called while waiting: throws when it is of no use. */
  check?: () => void;
}

/** What the ranks have when they have met. */
export interface Meeting {
  store: NativeStore;
  storeAddress: StoreAddress;
  identities: readonly RankIdentity[];
  group: NativeProcessGroup;
}

/**
 * Brings the processes of a run together: they find the store of rank 0 or of their launcher, tell each other in it who
 * they are, and connect.
 *
 * @throws PLError PL8004 when they do not come together in time, PL8002 when one of this host dies meanwhile
 */
export async function meet(addon: DistributedAddon, options: RendezvousOptions): Promise<Meeting> {
  const rendezvous = new Rendezvous(addon, options);
  try {
    const address = await rendezvous.reachStore();
    const identities = await rendezvous.introduce(address);
    const group = await rendezvous.connect(address, identities);
    return { store: rendezvous.store!, storeAddress: rendezvous.storeAddress, identities, group };
  } catch (error) {
    rendezvous.store?.close();
    throw error;
  }
}

class Rendezvous {
  store: NativeStore | undefined;
  readonly storeAddress: StoreAddress;
  readonly #deadline: number;

  constructor(
    private readonly addon: DistributedAddon,
    private readonly options: RendezvousOptions,
  ) {
    const { host, port, prefix, joinTimeoutMs } = options;
    this.storeAddress = { host, port, prefix, timeoutMs: joinTimeoutMs };
    this.#deadline = performance.now() + joinTimeoutMs;
  }

  /** @returns the address of this host that the others reach */
  async reachStore(): Promise<string> {
    const { host, port, hostsStore, spansHosts } = this.options;
    if (hostsStore) await this.#openStore(true);
    let address: string | undefined;
    do {
      address = await addressTowards(host, port);
    } while (address === undefined && (await this.#goOn()));
    if (address === undefined) throw this.#late(`nobody answered at ${host}:${port}`);
    if (!hostsStore) await this.#openStore(false);
    // A host may know its own name by an address that means something else elsewhere.
    return spansHosts && isLoopback(address) ? (outwardAddress() ?? address) : address;
  }

  /** Tells who this rank is, and waits until all have done so. */
  async introduce(address: string): Promise<RankIdentity[]> {
    const { rank, worldSize, backend } = this.options;
    const { sum } = await this.#ask((store) => store.add(`claim/${rank}`, 1));
    if (sum > 1) {
      throw new PLError(
        'PL8004',
        `two processes were started as rank ${rank}; process ${process.pid} is the second.`,
        {
          hint: 'Give every process a RANK of its own, and every run a MASTER_PORT of its own.',
        },
      );
    }
    const own = JSON.stringify(ownIdentity({ worldSize, backend, address }));
    await this.#ask((store) => store.set(`rank/${rank}`, own));
    const identities: (RankIdentity | undefined)[] = Array.from({ length: worldSize });
    for (;;) {
      const missing = await this.#collect(identities);
      if (missing.length === 0) return identities as RankIdentity[];
      this.#checkProcesses(identities);
      if (!(await this.#goOn())) throw this.#late(`rank ${missing.join(', ')} of ${worldSize} did not join`);
    }
  }

  async connect(address: string, identities: readonly RankIdentity[]): Promise<NativeProcessGroup> {
    const { rank, worldSize, backend, timeoutMs, joinTimeoutMs } = this.options;
    const group = new this.addon.ProcessGroup({
      store: this.storeAddress,
      rank,
      worldSize,
      backend,
      address,
      interface: process.env.GLOO_SOCKET_IFNAME?.split(',')[0] ?? '',
      // The backend's own limit says less about the cause.
      timeoutMs: Math.max(timeoutMs + 10_000, joinTimeoutMs),
    });
    try {
      while (!group.connected()) {
        this.#checkProcesses(identities);
        if (!(await this.#goOn())) throw this.#late('the ranks did not connect to each other');
      }
      return group;
    } catch (error) {
      group.close();
      if (error instanceof PLError) throw error;
      throw new PLError(
        'PL8004',
        `rank ${rank} cannot be connected to the others: ${(error as Error).message}`,
        {
          hint:
            `It listens at ${address}. Let the hosts reach each other at every port, and name the interface ` +
            'between them in GLOO_SOCKET_IFNAME (NCCL_SOCKET_IFNAME for nccl) where they have several.',
          cause: error,
        },
      );
    }
  }

  async #openStore(hosts: boolean): Promise<void> {
    const { host, port, rank } = this.options;
    try {
      this.store = new this.addon.Store(this.storeAddress, hosts);
      await this.#answer();
    } catch (error) {
      if (error instanceof PLError) throw error;
      const { message } = error as Error;
      const what = hosts
        ? `rank ${rank} cannot open the store of the run at ${host}:${port}`
        : `rank ${rank} cannot use the store of the run at ${host}:${port}`;
      throw new PLError('PL8004', `${what}: ${message}`, {
        hint: 'Set MASTER_ADDR to an address of the host of rank 0, and MASTER_PORT to a port that is free there.',
        cause: error,
      });
    }
  }

  /** @returns the ranks that have not said who they are */
  async #collect(identities: (RankIdentity | undefined)[]): Promise<number[]> {
    const unknown = [...identities.keys()].filter((rank) => identities[rank] === undefined);
    const { texts } = await this.#ask((store) => store.get(unknown.map((rank) => `rank/${rank}`)));
    const missing: number[] = [];
    for (const [i, rank] of unknown.entries()) {
      const text = texts[i];
      if (text === undefined) missing.push(rank);
      else identities[rank] = this.#compared(rank, JSON.parse(text) as RankIdentity);
    }
    return missing;
  }

  async #ask(request: (store: NativeStore) => void): Promise<StoreAnswer> {
    const { host, port } = this.options;
    try {
      request(this.store!);
      return await this.#answer();
    } catch (error) {
      if (error instanceof PLError) throw error;
      throw new PLError(
        'PL8004',
        `the store of the run at ${host}:${port} is gone: ${(error as Error).message}`,
        {
          hint: 'Its process ended, which is that of rank 0 or the launcher: see what it has to say.',
          cause: error,
        },
      );
    }
  }

  async #answer(): Promise<StoreAnswer> {
    const { host, port } = this.options;
    for (;;) {
      const answer = this.store!.answer(ANSWER_MS);
      if (answer !== undefined) return answer;
      if (!(await this.#goOn())) throw this.#late(`the store of the run at ${host}:${port} did not answer`);
    }
  }

  #compared(rank: number, identity: RankIdentity): RankIdentity {
    const own = this.options;
    if (identity.worldSize !== own.worldSize) {
      throw new PLError(
        'PL8004',
        `rank ${own.rank} was started as one of ${own.worldSize} processes, rank ${rank} as one of ${identity.worldSize}.`,
        { hint: 'Give every process the same WORLD_SIZE, and every run a MASTER_PORT of its own.' },
      );
    }
    if (identity.backend !== own.backend) {
      throw new PLError(
        'PL8004',
        `rank ${own.rank} would exchange values over ${own.backend}, rank ${rank} over ${identity.backend}.`,
        {
          hint: 'Give every process the same trainer.accelerator, and an addon built for the same libtorch.',
        },
      );
    }
    return identity;
  }

  #checkProcesses(identities: readonly (RankIdentity | undefined)[]): void {
    const own = identities[this.options.rank];
    for (const [rank, identity] of identities.entries()) {
      if (identity === undefined || identity.kernel !== own?.kernel) continue;
      const end = endOf(identity.process);
      if (end === undefined) continue;
      throw new RankFailure({ rank, kind: 'death', cause: end, pid: identity.process.pid });
    }
  }

  /** Waits a little. @returns whether there is time left */
  async #goOn(): Promise<boolean> {
    this.options.check?.();
    if (performance.now() > this.#deadline) return false;
    await pause(POLL_MS);
    return true;
  }

  #late(what: string): PLError {
    return new PLError('PL8004', `${what} within ${this.options.joinTimeoutMs / 1000} s.`, {
      hint: 'Start every process of the run, with the same MASTER_ADDR and MASTER_PORT, RANK from 0 and WORLD_SIZE.',
    });
  }
}
