import { PLError } from '../errors/pl-error.js';
import { DDPStrategy } from './ddp.js';
import type { ClusterEnvironment } from './environments/cluster-environment.js';
import { detectEnvironment } from './environments/detect.js';
import { behaveAsLaunched, wasLaunched } from './launched.js';
import { setProcessRank } from './rank-zero.js';
import { ShardedStrategy } from './sharded.js';
import { SingleDeviceStrategy } from './single-device.js';
import type { Strategy } from './strategy.js';

export type StrategyName = 'auto' | 'ddp' | 'ddp_find_unused_parameters_true' | 'ddp_sharded';

export interface StrategyOptions {
  strategy: StrategyName;
  devices: number | 'auto';
  numNodes: number;
  /** Seconds. */
  processGroupTimeout: number;
}

/**
 * The strategy that the settings and the environment ask for: several processes where there are several devices.
 *
 * @throws PLError PL81xx when the launcher's variables contradict the settings or each other
 */
export function createStrategy(options: StrategyOptions, environment = detectEnvironment()): Strategy {
  const { globalRank } = environment;
  setProcessRank(globalRank);
  if (wasLaunched()) behaveAsLaunched(globalRank);
  const worldSize = worldSizeOf(options, environment);
  if (worldSize === 1) return new SingleDeviceStrategy(globalRank);
  const { strategy, processGroupTimeout } = options;
  const ddp = {
    environment,
    worldSize,
    findUnusedParameters: strategy === 'ddp_find_unused_parameters_true',
    timeoutMs: processGroupTimeout * 1000,
  };
  return strategy === 'ddp_sharded' ? new ShardedStrategy(ddp) : new DDPStrategy(ddp);
}

function worldSizeOf({ devices, numNodes }: StrategyOptions, environment: ClusterEnvironment): number {
  const { createsProcessesExternally, localWorldSize } = environment;
  const count = devices !== 'auto' ? devices : createsProcessesExternally ? localWorldSize : 1;
  // A program that has trained on several devices may go on with a trainer for one, in each of its processes.
  if (wasLaunched() && count * numNodes === 1) return 1;
  if (createsProcessesExternally) environment.validate(count, numNodes);
  else if (numNodes > 1) {
    throw new PLError(
      'PL8009',
      `trainer.numNodes is ${numNodes}, but nobody has started processes on other hosts.`,
      {
        hint: 'Start the program on every host with torchrun or srun, or leave trainer.numNodes out.',
      },
    );
  }
  return count * numNodes;
}
