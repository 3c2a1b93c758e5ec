import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ClusterEnvironment, Environment } from './cluster-environment.js';
import { detectEnvironment } from './detect.js';
import { processVariables } from './local.js';

const torchrun = {
  RANK: '3',
  LOCAL_RANK: '1',
  GROUP_RANK: '1',
  WORLD_SIZE: '4',
  LOCAL_WORLD_SIZE: '2',
  MASTER_ADDR: 'node1',
  MASTER_PORT: '29500',
  TORCHELASTIC_RUN_ID: 'none',
  TORCHELASTIC_RESTART_COUNT: '2',
  TORCHELASTIC_USE_AGENT_STORE: 'True',
};
const srun = {
  SLURM_JOB_ID: '1234567',
  SLURM_JOB_NAME: 'train.sh',
  SLURM_PROCID: '5',
  SLURM_LOCALID: '1',
  SLURM_NODEID: '2',
  SLURM_NTASKS: '6',
  SLURM_NTASKS_PER_NODE: '2',
  SLURM_NNODES: '3',
  SLURM_JOB_NODELIST: 'gpu[07-09]',
};
const mpirun = {
  OMPI_COMM_WORLD_RANK: '3',
  OMPI_COMM_WORLD_LOCAL_RANK: '1',
  OMPI_COMM_WORLD_SIZE: '4',
  OMPI_COMM_WORLD_LOCAL_SIZE: '2',
  PMIX_NAMESPACE: '1194852353',
  MASTER_ADDR: 'node1',
};
const pyTorchJob = {
  MASTER_ADDR: 'digits-master-0',
  MASTER_PORT: '23456',
  WORLD_SIZE: '3',
  RANK: '2',
  KUBERNETES_PORT: 'tcp://10.0.0.1:443',
};

const without = (env: Environment, ...names: string[]): Environment =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)));
const placeIn = (env: Environment) => {
  const { validate: _, ...place } = detectEnvironment(env);
  return place;
};
const refusal = (env: Environment) => {
  try {
    detectEnvironment(env);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return `${code}: ${message}`;
  }
  return 'accepted';
};

describe('detectEnvironment reads', () => {
  test('torchrun', () => {
    expect(placeIn(torchrun)).toEqual({
      name: 'torchelastic',
      createsProcessesExternally: true,
      globalRank: 3,
      localRank: 1,
      nodeRank: 1,
      worldSize: 4,
      localWorldSize: 2,
      mainAddress: 'node1',
      mainPort: 29500,
      launcherHostsStore: true,
      restartCount: 2,
    });
  });

  test('srun: the host of rank 0 from the list of nodes, the port from the job', () => {
    expect(placeIn(srun)).toEqual({
      name: 'slurm',
      createsProcessesExternally: true,
      globalRank: 5,
      localRank: 1,
      nodeRank: 2,
      worldSize: 6,
      localWorldSize: 2,
      mainAddress: 'gpu07',
      mainPort: 15_000 + 4567,
      launcherHostsStore: false,
      restartCount: 0,
    });
  });

  test.each([
    [
      'what is set by hand',
      { MASTER_ADDR: 'head', MASTER_PORT: '4000' },
      { mainAddress: 'head', mainPort: 4000 },
    ],
    ["the step's nodes, which may be fewer", { SLURM_STEP_NODELIST: 'gpu08' }, { mainAddress: 'gpu08' }],
    ['a short job number', { SLURM_JOB_ID: '42' }, { mainPort: 15_042 }],
    ['restarts', { SLURM_RESTART_COUNT: '1' }, { restartCount: 1 }],
    [
      'uneven nodes',
      { SLURM_NTASKS_PER_NODE: '', SLURM_NTASKS: '8', SLURM_TASKS_PER_NODE: '3(x2),2' },
      { worldSize: 8, localWorldSize: 2 },
    ],
    [
      'a single task without its count per node',
      { SLURM_NTASKS: '1', SLURM_NTASKS_PER_NODE: '', SLURM_PROCID: '0', SLURM_LOCALID: '0' },
      { worldSize: 1, localWorldSize: 1 },
    ],
  ])('srun: %s', (_, changes, expected) => {
    expect(placeIn({ ...srun, ...changes })).toMatchObject(expected);
  });

  test.each(['bash', 'interactive'])('nothing of SLURM in a job named %s', (name) => {
    expect(placeIn({ ...srun, SLURM_JOB_NAME: name })).toMatchObject({
      name: 'local',
      createsProcessesExternally: false,
    });
  });

  test('mpirun', () => {
    expect(placeIn({ ...mpirun, MASTER_PORT: '5000' })).toEqual({
      name: 'open-mpi',
      createsProcessesExternally: true,
      globalRank: 3,
      localRank: 1,
      nodeRank: 1,
      worldSize: 4,
      localWorldSize: 2,
      mainAddress: 'node1',
      mainPort: 5000,
      launcherHostsStore: false,
      restartCount: 0,
    });
  });

  test('mpirun: one port for every process of a job, and this host when all run here', () => {
    const ranks = ['0', '1'].map((rank) =>
      placeIn({
        ...without(mpirun, 'MASTER_ADDR'),
        OMPI_COMM_WORLD_SIZE: '2',
        OMPI_COMM_WORLD_RANK: rank,
        OMPI_COMM_WORLD_LOCAL_RANK: rank,
      }),
    );
    expect(ranks.map((place) => place.mainAddress)).toEqual(['127.0.0.1', '127.0.0.1']);
    expect(ranks[0]!.mainPort).toBe(ranks[1]!.mainPort);
    const other = placeIn({ ...mpirun, PMIX_NAMESPACE: '1194852354' });
    expect(other.mainPort).not.toBe(ranks[0]!.mainPort);
    for (const { mainPort } of [...ranks, other]) {
      expect(mainPort).toBeGreaterThanOrEqual(15_000);
      expect(mainPort).toBeLessThan(25_000);
    }
  });

  test("Kubeflow's PyTorchJob: one process per pod", () => {
    expect(placeIn(pyTorchJob)).toEqual({
      name: 'kubeflow',
      createsProcessesExternally: true,
      globalRank: 2,
      localRank: 0,
      nodeRank: 2,
      worldSize: 3,
      localWorldSize: 1,
      mainAddress: 'digits-master-0',
      mainPort: 23456,
      launcherHostsStore: false,
      restartCount: 0,
    });
  });

  test('a process that nobody launched', () => {
    expect(placeIn({ HOME: '/root' })).toEqual({
      name: 'local',
      createsProcessesExternally: false,
      globalRank: 0,
      localRank: 0,
      nodeRank: 0,
      worldSize: 1,
      localWorldSize: 1,
      mainAddress: '127.0.0.1',
      mainPort: 0,
      launcherHostsStore: false,
      restartCount: 0,
    });
  });

  test('one process per node that is to start the others', () => {
    const env = { NODE_RANK: '1', WORLD_SIZE: '4', MASTER_ADDR: 'node0', MASTER_PORT: '7000' };
    const place = detectEnvironment(env);
    expect(place).toMatchObject({
      name: 'local',
      createsProcessesExternally: false,
      nodeRank: 1,
      worldSize: 4,
      mainAddress: 'node0',
      mainPort: 7000,
    });
    expect(() => place.validate(2, 2)).not.toThrow();
    expect(() => place.validate(2, 1)).toThrow(expect.objectContaining({ code: 'PL8104' }));
  });

  test('what the trainer tells the processes that it starts', () => {
    const size = fc.integer({ min: 1, max: 64 });
    fc.assert(
      fc.property(
        size,
        size,
        fc.nat(),
        fc.integer({ min: 1, max: 65_535 }),
        (numNodes, devices, n, mainPort) => {
          const globalRank = n % (numNodes * devices);
          const place = {
            globalRank,
            localRank: globalRank % devices,
            nodeRank: Math.floor(globalRank / devices),
            worldSize: numNodes * devices,
            localWorldSize: devices,
            mainAddress: 'node0',
            mainPort,
          };
          const seen = detectEnvironment(processVariables(place));
          expect(seen).toMatchObject({ ...place, name: 'local', createsProcessesExternally: true });
          seen.validate(devices, numNodes);
        },
      ),
    );
  });
});

describe('detectEnvironment reads jsrun', () => {
  let folder: string;
  let jsrun: Record<string, string>;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'pl-lsf-'));
    const rankfile = join(folder, 'rankfile');
    writeFileSync(rankfile, `${['launch', 'a1', 'a1', hostname(), hostname()].join('\n')}\n`);
    writeFileSync(join(folder, 'elsewhere'), 'launch\na1\na2\n');
    jsrun = {
      LSB_JOBID: '123456',
      LSB_DJOB_RANKFILE: rankfile,
      JSM_NAMESPACE_RANK: '3',
      JSM_NAMESPACE_LOCAL_RANK: '1',
      JSM_NAMESPACE_SIZE: '4',
    };
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('with the hosts of its rank file', () => {
    expect(placeIn(jsrun)).toEqual({
      name: 'lsf',
      createsProcessesExternally: true,
      globalRank: 3,
      localRank: 1,
      nodeRank: 1,
      worldSize: 4,
      localWorldSize: 2,
      mainAddress: 'a1',
      mainPort: 10_456,
      launcherHostsStore: false,
      restartCount: 0,
    });
  });

  test('and refuses a rank file that is not there, or of other hosts', () => {
    expect(refusal({ ...jsrun, LSB_DJOB_RANKFILE: join(folder, 'none') })).toMatch(
      /^PL8102: LSB_DJOB_RANKFILE is '.*none', which cannot be read/,
    );
    expect(refusal({ ...jsrun, LSB_DJOB_RANKFILE: join(folder, 'elsewhere') })).toMatch(
      /^PL8103: .* lists the hosts a1, a2, but not this one/,
    );
  });
});

describe('detectEnvironment prefers', () => {
  const order: [ClusterEnvironment['name'], Environment][] = [
    ['torchelastic', torchrun],
    ['slurm', srun],
    ['kubeflow', pyTorchJob],
    ['open-mpi', without(mpirun, 'MASTER_ADDR')],
  ];

  test.each(
    order
      .slice(0, -1)
      .map(([name, env], i) => [name, order[i + 1]![0], { ...order[i + 1]![1], ...env }] as const),
  )('%s to %s', (name, _, env) => {
    expect(detectEnvironment(env).name).toBe(name);
  });
});

describe('detectEnvironment refuses', () => {
  test.each<[string, Environment, string]>([
    [
      'a rank of its size',
      { ...torchrun, RANK: '4' },
      'PL8103: RANK is 4, wanted 0 to 3, because WORLD_SIZE is 4',
    ],
    ['a local rank of its size', { ...torchrun, LOCAL_RANK: '2' }, 'PL8103: LOCAL_RANK is 2, wanted 0 to 1'],
    [
      'more here than in all',
      { ...torchrun, LOCAL_WORLD_SIZE: '5' },
      'PL8103: LOCAL_WORLD_SIZE is 5, wanted at most 4',
    ],
    ['a negative rank', { ...torchrun, RANK: '-1' }, "PL8102: RANK is '-1', wanted an integer of at least 0"],
    ['a rank that is no number', { ...torchrun, RANK: '1.5' }, "PL8102: RANK is '1.5', wanted an integer"],
    [
      'no processes',
      { ...torchrun, WORLD_SIZE: '0' },
      "PL8102: WORLD_SIZE is '0', wanted an integer of at least 1",
    ],
    [
      'a port out of range',
      { ...torchrun, MASTER_PORT: '65536' },
      'PL8102: MASTER_PORT is 65536, wanted a port',
    ],
    ['a missing size', without(torchrun, 'WORLD_SIZE'), 'PL8101: WORLD_SIZE is not set, torchrun sets it'],
    ['a missing address', without(torchrun, 'MASTER_ADDR'), 'PL8101: MASTER_ADDR is not set'],
    ['an empty variable', { ...torchrun, MASTER_PORT: '' }, 'PL8101: MASTER_PORT is not set'],
    ['a rank alone', { RANK: '0' }, "PL8101: RANK is set to '0', WORLD_SIZE is not set"],
    [
      'a rank without an address',
      { RANK: '0', WORLD_SIZE: '2' },
      "PL8101: RANK is set to '0', MASTER_ADDR is not set",
    ],
    [
      'a rank within a group without the one on its node',
      { ...pyTorchJob, GROUP_RANK: '0' },
      "PL8101: RANK is set to '2', LOCAL_RANK is not set",
    ],
    ['a local rank alone', { LOCAL_RANK: '1' }, 'PL8101: RANK is not set'],
    ['a pod beyond the last', { ...pyTorchJob, RANK: '3' }, 'PL8103: RANK is 3, wanted 0 to 2'],
    [
      "SLURM's rank beyond the last",
      { ...srun, SLURM_PROCID: '6' },
      'PL8103: SLURM_PROCID is 6, wanted 0 to 5',
    ],
    [
      'a task beyond those of its node',
      { ...srun, SLURM_LOCALID: '2' },
      'PL8103: SLURM_LOCALID is 2, but this node runs 2',
    ],
    [
      'tasks that nobody counts per node',
      without(srun, 'SLURM_NTASKS_PER_NODE'),
      'PL8101: SLURM_NTASKS_PER_NODE is not',
    ],
    [
      'a node behind the last',
      { ...without(srun, 'SLURM_NTASKS_PER_NODE'), SLURM_TASKS_PER_NODE: '3(x2)' },
      "PL8103: SLURM_NODEID is 2, but SLURM_TASKS_PER_NODE, '3(x2)', lists 2 nodes",
    ],
    ['an unreadable job number', { ...srun, SLURM_JOB_ID: 'x1' }, "PL8102: SLURM_JOB_ID is 'x1'"],
    [
      'a list of nodes that does not close',
      { ...srun, SLURM_JOB_NODELIST: 'gpu[1-3' },
      "PL8102: SLURM_JOB_NODELIST is 'gpu[1-3'",
    ],
    [
      'several hosts without an address',
      without(mpirun, 'MASTER_ADDR'),
      'PL8105: mpirun started 4 processes, 2 of them on this host, and MASTER_ADDR is not set',
    ],
  ])('%s', (_, env, message) => {
    expect(refusal(env)).toContain(message);
  });
});

describe('validate', () => {
  test.each<[string, Environment, [number, number]]>([
    ['torchrun', torchrun, [2, 2]],
    ['srun', srun, [2, 3]],
    ['mpirun', mpirun, [2, 2]],
    ["Kubeflow's", pyTorchJob, [1, 3]],
  ])('takes the settings that fit %s processes, and no others', (_, env, [devices, numNodes]) => {
    const place = detectEnvironment(env);
    expect(() => place.validate(devices, numNodes)).not.toThrow();
    for (const [d, n] of [
      [devices + 1, numNodes],
      [devices, numNodes + 1],
    ] as const) {
      expect(() => place.validate(d, n)).toThrow(expect.objectContaining({ code: 'PL8104' }));
    }
  });

  test("names SLURM's variable and the flag of the job", () => {
    const { validate } = detectEnvironment(srun);
    expect(() => validate(4, 3)).toThrow(
      expect.objectContaining({
        message: 'trainer.devices is 4, but SLURM_NTASKS_PER_NODE is 2',
        hint: expect.stringContaining('--ntasks-per-node=4'),
      }),
    );
    expect(() => validate(2, 1)).toThrow('trainer.numNodes is 1, but SLURM_NNODES is 3');
  });

  test('compares with the number of tasks where SLURM counts neither nodes nor tasks per node', () => {
    const env = { ...without(srun, 'SLURM_NTASKS_PER_NODE', 'SLURM_NNODES'), SLURM_TASKS_PER_NODE: '2(x3)' };
    expect(() => detectEnvironment(env).validate(2, 2)).toThrow('2 × 2, but SLURM_NTASKS is 6');
  });

  test('leaves it to the trainer how many processes it starts', () => {
    expect(() => detectEnvironment({}).validate(8, 1)).not.toThrow();
  });
});
