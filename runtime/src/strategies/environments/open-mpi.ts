import { PLError } from '../../errors/pl-error.js';
import { checkWorldSize, type Environment, isSet, type Launcher } from './cluster-environment.js';
import { Variables } from './variables.js';

/**
 * Open MPI's `mpirun`. It tells no process where rank 0 runs: across hosts MASTER_ADDR has to.
 * The variables: https://docs.open-mpi.org/en/main/tuning-apps/environment-var.html
 */
export const openMpi: Launcher = {
  detect: (env) => isSet(env, 'OMPI_COMM_WORLD_SIZE'),

  read(env) {
    const variables = new Variables(env, 'mpirun');
    const worldSize = variables.integer('OMPI_COMM_WORLD_SIZE', 1);
    const globalRank = variables.rank('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE');
    const localRank = variables.rank('OMPI_COMM_WORLD_LOCAL_RANK', 'OMPI_COMM_WORLD_LOCAL_SIZE');
    const localWorldSize = variables.localWorldSize('OMPI_COMM_WORLD_LOCAL_SIZE', 'OMPI_COMM_WORLD_SIZE');
    return {
      name: 'open-mpi',
      createsProcessesExternally: true,
      globalRank,
      localRank,
      // Exact where ranks fill node after node, equally many on each: what mpirun does unless it is told otherwise.
      nodeRank: Math.floor((globalRank - localRank) / localWorldSize),
      worldSize,
      localWorldSize,
      mainAddress: addressOfRank0(env, worldSize, localWorldSize),
      mainPort: variables.port('MASTER_PORT', () => portOfJob(env)),
      launcherHostsStore: false,
      restartCount: 0,
      validate: checkWorldSize(worldSize, "mpirun's OMPI_COMM_WORLD_SIZE"),
    };
  },
};

function addressOfRank0(env: Environment, worldSize: number, localWorldSize: number): string {
  if (isSet(env, 'MASTER_ADDR')) return env.MASTER_ADDR!;
  if (localWorldSize === worldSize) return '127.0.0.1';
  throw new PLError(
    'PL8105',
    `mpirun started ${worldSize} processes, ${localWorldSize} of them on this host, and MASTER_ADDR is not set`,
    { hint: 'Name the host of rank 0, the first of the host file: mpirun -x MASTER_ADDR=<host> …' },
  );
}

/** A port from 15000 to 24999 out of the job's name, which all of its processes know (FNV-1a, 32 bits). */
function portOfJob(env: Environment): number {
  const job = env.PMIX_NAMESPACE ?? env.OMPI_MCA_ess_base_jobid ?? '';
  let hash = 0x811c9dc5;
  for (let i = 0; i < job.length; i++) hash = Math.imul(hash ^ job.charCodeAt(i), 0x01000193);
  return 15_000 + ((hash >>> 0) % 10_000);
}
