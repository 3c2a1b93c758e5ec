import { checkWorldSize, isSet, type Launcher } from './cluster-environment.js';
import { Variables } from './variables.js';

/**
 * torchrun (torch.distributed.run), also as PyTorch operators of Kubernetes start it. The variables:
 * https://docs.pytorch.org/docs/stable/elastic/run.html#environment-variables
 */
export const torchElastic: Launcher = {
  detect: (env) => isSet(env, 'TORCHELASTIC_RUN_ID'),

  read(env) {
    const variables = new Variables(env, 'torchrun');
    const worldSize = variables.integer('WORLD_SIZE', 1);
    return {
      name: 'torchelastic',
      createsProcessesExternally: true,
      globalRank: variables.rank('RANK', 'WORLD_SIZE'),
      localRank: variables.rank('LOCAL_RANK', 'LOCAL_WORLD_SIZE'),
      nodeRank: variables.integerOr('GROUP_RANK', 0),
      worldSize,
      localWorldSize: variables.localWorldSize('LOCAL_WORLD_SIZE', 'WORLD_SIZE'),
      mainAddress: variables.text('MASTER_ADDR'),
      mainPort: variables.port('MASTER_PORT'),
      // Python's spelling.
      launcherHostsStore: env.TORCHELASTIC_USE_AGENT_STORE === 'True',
      restartCount: variables.integerOr('TORCHELASTIC_RESTART_COUNT', 0),
      validate: checkWorldSize(worldSize, "torchrun's WORLD_SIZE"),
    };
  },
};
