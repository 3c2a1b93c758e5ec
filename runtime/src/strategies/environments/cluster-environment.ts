import { PLError } from '../../errors/pl-error.js';

/** This process among the processes of its run, as the launcher's environment variables tell it. */
export interface ClusterEnvironment {
  readonly name: 'torchelastic' | 'slurm' | 'kubeflow' | 'lsf' | 'open-mpi' | 'local';
  /** Whether somebody has started all processes of the run already: then the trainer starts none. */
  readonly createsProcessesExternally: boolean;
  /** 0 … worldSize-1. */
  readonly globalRank: number;
  /** 0 … localWorldSize-1, among the processes of this node. */
  readonly localRank: number;
  /** Index of this node. */
  readonly nodeRank: number;
  readonly worldSize: number;
  /** Processes on this node. */
  readonly localWorldSize: number;
  /** Host of rank 0. */
  readonly mainAddress: string;
  /** Port at which the processes meet, the same for all; 0 where nobody has chosen one. */
  readonly mainPort: number;
  /**
   * Whether the launcher runs the store at `mainAddress:mainPort`, as torchrun's agent does: rank 0 then joins it
   * like every other rank, instead of opening one.
   */
  readonly launcherHostsStore: boolean;
  /** How often the launcher has started the processes anew after a failure; separates their keys in such a store. */
  readonly restartCount: number;
  /** @throws PLError PL8104 when the trainer's settings ask for other processes than there are */
  validate(devices: number, numNodes: number): void;
}

/** Variables as `process.env` has them. An empty one counts as unset. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One way to start processes. */
export interface Launcher {
  /** Whether it has started this process. */
  detect(env: Environment): boolean;
  /** @throws PLError PL8101, PL8102, PL8103 or PL8105 for variables that are missing, malformed or contradictory */
  read(env: Environment): ClusterEnvironment;
}

export function isSet(env: Environment, name: string): boolean {
  return env[name] !== undefined && env[name] !== '';
}

/** A `validate` for launchers that fix nothing but the number of processes. */
export function checkWorldSize(
  worldSize: number,
  source: string,
): (devices: number, numNodes: number) => void {
  return (devices, numNodes) => {
    if (devices * numNodes === worldSize) return;
    throw new PLError(
      'PL8104',
      `trainer.devices is ${devices} and trainer.numNodes is ${numNodes}, which makes ${devices * numNodes} processes; ` +
        `${source} says ${worldSize}`,
      { hint: `Set them so that their product is ${worldSize}, or start ${devices * numNodes} processes.` },
    );
  };
}
