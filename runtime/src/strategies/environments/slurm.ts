import { PLError } from '../../errors/pl-error.js';
import { type Environment, isSet, type Launcher } from './cluster-environment.js';
import { firstHost, taskCounts } from './slurm-lists.js';
import { Variables } from './variables.js';

/**
 * `srun`. In a job named `bash` or `interactive`, processes are started by other means (as Lightning has it): there
 * SLURM's variables say nothing. The variables: https://slurm.schedmd.com/srun.html#SECTION_OUTPUT-ENVIRONMENT-VARIABLES
 */
export const slurm: Launcher = {
  detect: (env) =>
    isSet(env, 'SLURM_NTASKS') && env.SLURM_JOB_NAME !== 'bash' && env.SLURM_JOB_NAME !== 'interactive',

  read(env) {
    const variables = new Variables(env, 'srun');
    const worldSize = variables.integer('SLURM_NTASKS', 1);
    const nodeRank = variables.integer('SLURM_NODEID');
    const localWorldSize = tasksOnNode(env, variables, nodeRank, worldSize);
    const localRank = variables.integer('SLURM_LOCALID');
    if (localRank >= localWorldSize) {
      throw new PLError(
        'PL8103',
        `SLURM_LOCALID is ${localRank}, but this node runs ${localWorldSize} tasks`,
        { hint: 'Start the program with srun, and leave its variables as they are.' },
      );
    }
    return {
      name: 'slurm',
      createsProcessesExternally: true,
      globalRank: variables.rank('SLURM_PROCID', 'SLURM_NTASKS'),
      localRank,
      nodeRank,
      worldSize,
      localWorldSize,
      mainAddress: variables.has('MASTER_ADDR') ? variables.text('MASTER_ADDR') : hostOfRank0(env),
      mainPort: variables.port('MASTER_PORT', () => portOfJob(variables)),
      launcherHostsStore: false,
      restartCount: variables.integerOr('SLURM_RESTART_COUNT', 0),
      validate: (devices, numNodes) => checkAllocation(variables, worldSize, devices, numNodes),
    };
  },
};

function tasksOnNode(env: Environment, variables: Variables, nodeRank: number, worldSize: number): number {
  if (worldSize === 1) return 1;
  if (variables.has('SLURM_NTASKS_PER_NODE')) {
    return variables.localWorldSize('SLURM_NTASKS_PER_NODE', 'SLURM_NTASKS');
  }
  const name = ['SLURM_STEP_TASKS_PER_NODE', 'SLURM_TASKS_PER_NODE'].find((list) => isSet(env, list));
  if (name === undefined) return variables.integer('SLURM_NTASKS_PER_NODE', 1);
  const counts = taskCounts(name, env[name]!);
  const count = counts[nodeRank];
  if (count !== undefined) return count;
  throw new PLError(
    'PL8103',
    `SLURM_NODEID is ${nodeRank}, but ${name}, '${env[name]}', lists ${counts.length} nodes`,
    { hint: 'Start the program with srun, and leave its variables as they are.' },
  );
}

function hostOfRank0(env: Environment): string {
  // A step may run on fewer nodes than its job.
  const name = ['SLURM_STEP_NODELIST', 'SLURM_JOB_NODELIST', 'SLURM_NODELIST'].find((list) =>
    isSet(env, list),
  );
  return name === undefined ? '127.0.0.1' : firstHost(name, env[name]!);
}

/** Every process of a job knows its number, so all arrive at one port: Lightning's rule, 15000 and the last four digits. */
function portOfJob(variables: Variables): number {
  return variables.has('SLURM_JOB_ID') ? 15_000 + (variables.integer('SLURM_JOB_ID') % 10_000) : 12_910;
}

function checkAllocation(variables: Variables, worldSize: number, devices: number, numNodes: number): void {
  const refuse = (setting: string, value: number, variable: string, wanted: number, flag: string) => {
    throw new PLError('PL8104', `trainer.${setting} is ${value}, but ${variable} is ${wanted}`, {
      hint: `Set trainer.${setting} to ${wanted}, or submit the job with ${flag}=${value}.`,
    });
  };
  const tasks = variables.integerOr('SLURM_NTASKS_PER_NODE', devices);
  if (tasks !== devices) refuse('devices', devices, 'SLURM_NTASKS_PER_NODE', tasks, '--ntasks-per-node');
  const nodes = variables.integerOr('SLURM_NNODES', numNodes);
  if (nodes !== numNodes) refuse('numNodes', numNodes, 'SLURM_NNODES', nodes, '--nodes');
  if (devices * numNodes === worldSize) return;
  throw new PLError(
    'PL8104',
    `trainer.devices × trainer.numNodes is ${devices} × ${numNodes}, but SLURM_NTASKS is ${worldSize}`,
    { hint: 'Submit the job with --nodes and --ntasks-per-node, and give the trainer the same numbers.' },
  );
}
