/** PL81xx. */
export const clusterErrors = {
  PL8101:
    'The environment says that a launcher started this process, but one of the variables with which launchers tell a process its place is not set. torchrun, srun, mpirun and the PyTorchJob operator set them all. Variables that are left over from another program have the same effect: unset them.',
  PL8102:
    'An environment variable with which a launcher tells a process its place is malformed: ranks, sizes and ports are integers, lists of hosts have the form that SLURM gives them. The message has the variable and its value. Correct it where it is set by hand, or unset it.',
  PL8103:
    'Environment variables that tell a process its place contradict each other, for example a rank that is not below the number of processes. Some of them were set by hand or by two launchers, one inside of the other.',
  PL8104:
    'The trainer was told another number of devices or nodes than the launcher has started processes for. One process runs per device: `trainer.devices` is the number of processes on each node, `trainer.numNodes` the number of nodes. Change the settings, or start the processes that they ask for.',
  PL8105:
    'Processes on several hosts meet at the host of rank 0, and this launcher does not say which one that is. Set MASTER_ADDR to its name or address in the environment of every process; mpirun passes a variable on with -x.',
} as const;
