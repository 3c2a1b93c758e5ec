import type { ClusterEnvironment, Environment, Launcher } from './cluster-environment.js';
import { kubeflow } from './kubeflow.js';
import { local } from './local.js';
import { lsf } from './lsf.js';
import { openMpi } from './open-mpi.js';
import { slurm } from './slurm.js';
import { torchElastic } from './torch-elastic.js';

/** Lightning's order: torchrun first, because it also runs inside of SLURM's jobs. */
const launchers: readonly Launcher[] = [torchElastic, slurm, kubeflow, lsf, openMpi, local];

/**
 * How this process was started, and which of the processes it is.
 *
 * @throws PLError PL8101 (a variable is missing), PL8102 (malformed), PL8103 (variables contradict each other), PL8105
 * (the host of rank 0 is not known)
 */
export function detectEnvironment(env: Environment = process.env): ClusterEnvironment {
  return launchers.find((launcher) => launcher.detect(env))!.read(env);
}
