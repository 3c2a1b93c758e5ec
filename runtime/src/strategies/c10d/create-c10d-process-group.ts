import type { TorchAddon } from '../../engines/torch/addon.js';
import type { DistributedAddon } from '../../engines/torch/distributed.js';
import { loadTorchAddon } from '../../engines/torch/load-addon.js';
import type { ClusterEnvironment } from '../environments/cluster-environment.js';
import type { ProcessGroup } from '../process-group.js';
import { C10dProcessGroup } from './c10d-process-group.js';

/** This process among those of its run. */
export type C10dPlace = Pick<
  ClusterEnvironment,
  'globalRank' | 'worldSize' | 'localWorldSize' | 'mainAddress' | 'mainPort' | 'restartCount'
> &
  Partial<Pick<ClusterEnvironment, 'launcherHostsStore'>>;

export interface C10dProcessGroupOptions {
  /** Milliseconds that a collective waits for the other ranks. */
  timeoutMs: number;
  /** Milliseconds that the ranks may take to come together. */
  joinTimeoutMs: number;
  /** Called while the ranks come together; throws when waiting is of no use. */
  check?: () => void;
}

/** An addon that has c10d. */
export type C10dAddon = TorchAddon & { readonly distributed: DistributedAddon };

/** The torch engine's addon, where it was built and has c10d. Loads libtorch, which takes most of a second. */
export function loadC10dAddon(): C10dAddon | undefined {
  const torch = loadTorchAddon();
  return torch.state === 'loaded' && torch.addon.distributed !== undefined
    ? (torch.addon as C10dAddon)
    : undefined;
}

/**
 * Brings the processes of a run together over c10d: NCCL where the torch engine computes on an NVIDIA GPU and the addon
 * was built with it, gloo otherwise. The store is at `mainAddress:mainPort`, opened by rank 0 unless the launcher has.
 *
 * @throws PLError PL8004 when they do not come together, PL8002 when one dies meanwhile
 */
export function createC10dProcessGroup(
  place: C10dPlace,
  options: C10dProcessGroupOptions,
  addon: C10dAddon,
): Promise<ProcessGroup> {
  const { globalRank, worldSize, localWorldSize, launcherHostsStore = false, restartCount } = place;
  const { timeoutMs, joinTimeoutMs, check } = options;
  const { distributed } = addon;
  const onGpu = addon.device().startsWith('cuda') && distributed.backends.includes('nccl');
  const run = process.env.TORCHELASTIC_RUN_ID ?? '';
  return C10dProcessGroup.join(distributed, {
    rank: globalRank,
    worldSize,
    spansHosts: localWorldSize < worldSize,
    host: place.mainAddress,
    port: place.mainPort,
    prefix: `pl/${run}/${restartCount}/${worldSize}`,
    hostsStore: globalRank === 0 && !launcherHostsStore,
    storeIsOfLauncher: launcherHostsStore,
    backend: onGpu ? 'nccl' : 'gloo',
    timeoutMs,
    joinTimeoutMs,
    ...(check !== undefined && { check }),
  });
}
