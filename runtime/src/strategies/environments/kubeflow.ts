import { checkWorldSize, isSet, type Launcher } from './cluster-environment.js';
import { Variables } from './variables.js';

const required = ['MASTER_ADDR', 'MASTER_PORT', 'WORLD_SIZE', 'RANK'];
/** Set by torchrun and by launchers of several processes per node. */
const absent = ['LOCAL_RANK', 'GROUP_RANK'];

/** Kubeflow's PyTorchJob: one process per pod, each pod a node of its own. */
export const kubeflow: Launcher = {
  detect: (env) => required.every((name) => isSet(env, name)) && !absent.some((name) => isSet(env, name)),

  read(env) {
    const variables = new Variables(env, 'the PyTorchJob operator');
    const worldSize = variables.integer('WORLD_SIZE', 1);
    const globalRank = variables.rank('RANK', 'WORLD_SIZE');
    return {
      name: 'kubeflow',
      createsProcessesExternally: true,
      globalRank,
      localRank: 0,
      nodeRank: globalRank,
      worldSize,
      localWorldSize: 1,
      mainAddress: variables.text('MASTER_ADDR'),
      mainPort: variables.port('MASTER_PORT'),
      launcherHostsStore: false,
      restartCount: 0,
      validate: checkWorldSize(worldSize, "the PyTorchJob's WORLD_SIZE"),
    };
  },
};
