import { PLError } from '../../errors/pl-error.js';
import {
  type ClusterEnvironment,
  checkWorldSize,
  type Environment,
  isSet,
  type Launcher,
} from './cluster-environment.js';
import { Variables } from './variables.js';

/**
 * The trainer's own: a process that the user started and that may start the others, or one that was started with
 * torchrun's variables, by the trainer or by hand. Without any variable it is the only process.
 */
export const local: Launcher = {
  detect: () => true,

  read(env) {
    const variables = new Variables(env, 'the launcher');
    const launched = isSet(env, 'LOCAL_RANK');
    if (!launched && isSet(env, 'RANK')) throw missing(env);
    const worldSize = variables.integerOr('WORLD_SIZE', 1, 1);
    const localWorldSize = isSet(env, 'LOCAL_WORLD_SIZE')
      ? variables.localWorldSize('LOCAL_WORLD_SIZE', 'WORLD_SIZE')
      : 1;
    return {
      name: 'local',
      createsProcessesExternally: launched,
      globalRank: launched ? variables.rank('RANK', 'WORLD_SIZE') : 0,
      localRank: launched ? variables.rank('LOCAL_RANK', 'LOCAL_WORLD_SIZE') : 0,
      nodeRank: variables.integerOr('NODE_RANK', variables.integerOr('GROUP_RANK', 0)),
      worldSize,
      localWorldSize,
      mainAddress: isSet(env, 'MASTER_ADDR') ? env.MASTER_ADDR! : '127.0.0.1',
      mainPort: variables.port('MASTER_PORT', () => 0),
      launcherHostsStore: false,
      restartCount: 0,
      validate: isSet(env, 'WORLD_SIZE') ? checkWorldSize(worldSize, 'WORLD_SIZE') : () => undefined,
    };
  },
};

/** What a process that the trainer starts is told, beside its own variables. */
export function processVariables(
  place: Pick<
    ClusterEnvironment,
    'globalRank' | 'localRank' | 'nodeRank' | 'worldSize' | 'localWorldSize' | 'mainAddress' | 'mainPort'
  >,
): Record<string, string> {
  return {
    RANK: String(place.globalRank),
    LOCAL_RANK: String(place.localRank),
    NODE_RANK: String(place.nodeRank),
    WORLD_SIZE: String(place.worldSize),
    LOCAL_WORLD_SIZE: String(place.localWorldSize),
    MASTER_ADDR: place.mainAddress,
    MASTER_PORT: String(place.mainPort),
  };
}

function missing(env: Environment): PLError {
  const wanted = ['WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT'].find((name) => !isSet(env, name));
  const name = wanted ?? 'LOCAL_RANK';
  return new PLError('PL8101', `RANK is set to '${env.RANK}', ${name} is not set`, {
    hint:
      'A launched process has RANK, LOCAL_RANK, WORLD_SIZE, LOCAL_WORLD_SIZE, MASTER_ADDR and MASTER_PORT ' +
      '(Kubeflow leaves out the two LOCAL ones). Start it with torchrun, or unset RANK.',
  });
}
