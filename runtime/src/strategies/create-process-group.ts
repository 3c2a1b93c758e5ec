import { lookup } from 'node:dns/promises';
import { hostname, networkInterfaces } from 'node:os';
import type { SelectedEngine } from '../engines/selected-engine.js';
import { PLError } from '../errors/pl-error.js';
import { createC10dProcessGroup, loadC10dAddon } from './c10d/create-c10d-process-group.js';
import type { ClusterEnvironment } from './environments/cluster-environment.js';
import { LocalProcessGroup } from './local/local-process-group.js';
import type { ProcessGroup } from './process-group.js';

/** Milliseconds that processes may take from their start to their first meeting, however short their patience is later. */
const START_UP_MS = 300_000;

/** This process among those of its run. */
export type Place = Pick<
  ClusterEnvironment,
  | 'globalRank'
  | 'worldSize'
  | 'localWorldSize'
  | 'mainAddress'
  | 'mainPort'
  | 'restartCount'
  | 'launcherHostsStore'
>;

export interface ProcessGroupOptions {
  /** Milliseconds that a collective waits for the other ranks. */
  timeoutMs: number;
  /** Called while the ranks come together; throws when waiting is of no use. */
  check?: () => void;
}

/**
 * Brings the processes of a run together: over c10d where the torch engine computes, whose tensors stay in libtorch then,
 * and across hosts; otherwise through memory that they share, which is faster for tensors in JavaScript's memory.
 *
 * @param engine what all processes of the run compute with
 * @throws PLError PL8001 when they are on several hosts and there is no c10d, PL8004 when they do not come together
 */
export async function createProcessGroup(
  place: Place,
  engine: SelectedEngine['name'],
  options: ProcessGroupOptions,
): Promise<ProcessGroup> {
  const joining = { ...options, joinTimeoutMs: Math.max(options.timeoutMs, START_UP_MS) };
  if (engine === 'torch' || place.localWorldSize !== place.worldSize) {
    const addon = loadC10dAddon();
    if (addon !== undefined) return createC10dProcessGroup(place, joining, addon);
  }
  await requireOneHost(place);
  const { globalRank: rank, worldSize, mainPort, restartCount } = place;
  const key = [mainPort, process.env.TORCHELASTIC_RUN_ID ?? '', restartCount].join('\n');
  return LocalProcessGroup.join({ rank, worldSize, key, ...joining });
}

/** The local process group does not reach other hosts. */
async function requireOneHost({ worldSize, localWorldSize, mainAddress }: Place): Promise<void> {
  const hint =
    'Install libtorch (Debian: apt-get install libtorch-dev libgloo-dev), then run `pl engine build`; or train on one host.';
  if (localWorldSize !== worldSize) {
    throw new PLError(
      'PL8001',
      `${worldSize} processes were started, ${localWorldSize} of them on this host; without libtorch all have to be on one.`,
      { hint },
    );
  }
  if (await isThisHost(mainAddress)) return;
  throw new PLError(
    'PL8001',
    `rank 0 is at ${mainAddress}, which is another host; without libtorch all processes have to be on one.`,
    { hint },
  );
}

async function isThisHost(address: string): Promise<boolean> {
  if (['localhost', hostname()].includes(address)) return true;
  const found = await lookup(address, { all: true }).catch(() => []);
  const own = Object.values(networkInterfaces()).flatMap((addresses = []) =>
    addresses.map((one) => one.address),
  );
  return found.some((one) => one.address.startsWith('127.') || own.includes(one.address));
}
