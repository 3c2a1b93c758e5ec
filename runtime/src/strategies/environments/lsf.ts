import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { PLError } from '../../errors/pl-error.js';
import { checkWorldSize, isSet, type Launcher } from './cluster-environment.js';
import { Variables } from './variables.js';

const required = ['LSB_JOBID', 'LSB_DJOB_RANKFILE', 'JSM_NAMESPACE_LOCAL_RANK', 'JSM_NAMESPACE_SIZE'];

/** LSF's `jsrun`. The hosts of the job stand in the file LSB_DJOB_RANKFILE, one line per process, behind the launch node. */
export const lsf: Launcher = {
  detect: (env) => required.every((name) => isSet(env, name)),

  read(env) {
    const variables = new Variables(env, 'jsrun');
    const hosts = readHosts(variables.text('LSB_DJOB_RANKFILE'));
    const worldSize = variables.integer('JSM_NAMESPACE_SIZE', 1);
    const here = hosts.filter((host) => host === hostname()).length;
    return {
      name: 'lsf',
      createsProcessesExternally: true,
      globalRank: variables.rank('JSM_NAMESPACE_RANK', 'JSM_NAMESPACE_SIZE'),
      localRank: variables.rank('JSM_NAMESPACE_LOCAL_RANK', 'JSM_NAMESPACE_LOCAL_SIZE', here),
      nodeRank: [...new Set(hosts)].indexOf(hostname()),
      worldSize,
      localWorldSize: variables.integerOr('JSM_NAMESPACE_LOCAL_SIZE', here, 1),
      mainAddress: variables.has('MASTER_ADDR') ? variables.text('MASTER_ADDR') : hosts[0]!,
      // Lightning's rule.
      mainPort: variables.port('MASTER_PORT', () => 10_000 + (variables.integer('LSB_JOBID') % 1000)),
      launcherHostsStore: false,
      restartCount: 0,
      validate: checkWorldSize(worldSize, "jsrun's JSM_NAMESPACE_SIZE"),
    };
  },
};

function readHosts(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new PLError('PL8102', `LSB_DJOB_RANKFILE is '${file}', which cannot be read`, {
      hint: 'LSF writes this file where the job runs; start the program inside of a job, with jsrun.',
      cause,
    });
  }
  const hosts = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(1);
  if (hosts.includes(hostname())) return hosts;
  throw new PLError(
    'PL8103',
    `LSB_DJOB_RANKFILE, '${file}', lists the hosts ${[...new Set(hosts)].join(', ') || '(none)'}, but not this one, ${hostname()}`,
    { hint: 'Start the program on the hosts of the job, with jsrun.' },
  );
}
