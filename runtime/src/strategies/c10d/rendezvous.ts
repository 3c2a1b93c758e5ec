import { setTimeout as pause } from 'node:timers/promises';
import type {
  DistributedAddon,
  DistributedBackend,
  NativeProcessGroup,
  NativeStore,
  StoreAddress,
} from '../../engines/torch/distributed.js';
import { PLError } from '../../errors/pl-error.js';
import { endOf } from '../local/processes.js';
import { RankFailure } from '../local/rank-failure.js';
import { addressTowards, isLoopback, outwardAddress } from './network-address.js';
import { ownIdentity, type RankIdentity } from './rank-identity.js';

const POLL_MS = 20;

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
  const address = await rendezvous.reachStore();
  const store = rendezvous.store!;
  try {
    const identities = await rendezvous.introduce(address);
    const group = await rendezvous.connect(address, identities);
    return { store, storeAddress: rendezvous.storeAddress, identities, group };
  } catch (error) {
    store.close();
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
    if (hostsStore) this.store = this.#openStore(true);
    let address: string | undefined;
    do {
      address = await addressTowards(host, port);
    } while (address === undefined && (await this.#goOn()));
    if (address === undefined) throw this.#late(`nobody answered at ${host}:${port}`);
    this.store ??= this.#openStore(false);
    // A host may know its own name by an address that means something else elsewhere.
    return spansHosts && isLoopback(address) ? (outwardAddress() ?? address) : address;
  }

  /** Tells who this rank is, and waits until all have done so. */
  async introduce(address: string): Promise<RankIdentity[]> {
    const { rank, worldSize, backend } = this.options;
    const store = this.store!;
    if (store.add(`claim/${rank}`, 1) > 1) {
      throw new PLError(
        'PL8004',
        `two processes were started as rank ${rank}; process ${process.pid} is the second.`,
        {
          hint: 'Give every process a RANK of its own, and every run a MASTER_PORT of its own.',
        },
      );
    }
    store.set(`rank/${rank}`, JSON.stringify(ownIdentity({ worldSize, backend, address })));
    const identities: (RankIdentity | undefined)[] = Array.from({ length: worldSize });
    for (;;) {
      const missing = this.#collect(identities);
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

  #openStore(hosts: boolean): NativeStore {
    const { host, port, rank } = this.options;
    try {
      return new this.addon.Store(this.storeAddress, hosts);
    } catch (error) {
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
  #collect(identities: (RankIdentity | undefined)[]): number[] {
    const missing: number[] = [];
    for (let rank = 0; rank < identities.length; rank++) {
      if (identities[rank] !== undefined) continue;
      const text = this.#get(`rank/${rank}`);
      if (text === undefined) missing.push(rank);
      else identities[rank] = this.#compared(rank, JSON.parse(text) as RankIdentity);
    }
    return missing;
  }

  #get(key: string): string | undefined {
    const { host, port } = this.options;
    try {
      return this.store!.get(key);
    } catch (error) {
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
