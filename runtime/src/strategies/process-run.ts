import { createServer } from 'node:net';
import type { SelectedEngine } from '../engines/selected-engine.js';
import { PLError } from '../errors/pl-error.js';
import { Children } from './children.js';
import { createProcessGroup, type Place } from './create-process-group.js';
import type { ClusterEnvironment } from './environments/cluster-environment.js';
import type { ProcessGroup } from './process-group.js';

/** The processes that this one belongs to, for its whole life: trainers come and go, they stay. */
export interface ProcessRun {
  group: ProcessGroup;
  /** Those that this process has started. */
  children: Children | undefined;
  /** Whether a rank has ended with an error: the ranks cannot go on together. */
  hasFailed: boolean;
}

let run: Promise<ProcessRun> | undefined;

/**
 * Joins the processes of the run, after starting them where nobody has. Later calls give the same.
 *
 * @throws PLError PL8001, PL8004, PL8005 when the processes do not come together, PL8009 when there are others already,
 * PL8012 when one of them has failed
 */
export async function joinProcesses(
  environment: ClusterEnvironment,
  engine: SelectedEngine['name'],
  worldSize: number,
  timeoutMs: number,
): Promise<ProcessRun> {
  run ??= start(environment, engine, worldSize, timeoutMs);
  const joined = await run;
  if (joined.hasFailed) {
    throw new PLError('PL8012', 'the processes of this run cannot go on together: one of them has failed.', {
      hint: 'Start the program again, with ckptPath to go on from the last checkpoint.',
    });
  }
  if (joined.group.worldSize === worldSize) return joined;
  throw new PLError(
    'PL8009',
    `this program runs in ${joined.group.worldSize} processes, but a trainer was made for ${worldSize}.`,
    { hint: 'Give all trainers of a program the same devices, or 1.' },
  );
}

async function start(
  environment: ClusterEnvironment,
  engine: SelectedEngine['name'],
  worldSize: number,
  timeoutMs: number,
): Promise<ProcessRun> {
  if (environment.createsProcessesExternally) {
    return {
      group: await createProcessGroup(environment, engine, { timeoutMs }),
      children: undefined,
      hasFailed: false,
    };
  }
  const mainPort = await freePort();
  const place: Place = {
    globalRank: 0,
    worldSize,
    localWorldSize: worldSize,
    mainAddress: '127.0.0.1',
    mainPort,
    restartCount: 0,
    launcherHostsStore: false,
  };
  const children = new Children({ worldSize, mainPort });
  try {
    const group = await createProcessGroup(place, engine, { timeoutMs, check: () => children.check() });
    return { group, children, hasFailed: false };
  } catch (error) {
    await children.end(0);
    throw error;
  }
}

/** A port that nobody listens at. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
