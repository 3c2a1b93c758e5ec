import { createHash } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { PLError } from '../../errors/pl-error.js';
import { endOf, identityOf } from './processes.js';
import { RankFailure } from './rank-failure.js';
import { bytesOf, fileBytes, type Layout, MAGIC, pageOf, SharedFile } from './shared-file.js';

export interface RendezvousOptions {
  rank: number;
  worldSize: number;
  /** What the processes of a run have in common and those of no other run on this host. */
  key: string;
  /** Milliseconds to wait for the others in each collective. */
  timeoutMs: number;
  /** Milliseconds to wait for the others to join. Default as `timeoutMs`. */
  joinTimeoutMs?: number;
  /** Looked at while waiting: throws when it is of no use. */
  check?: () => void;
}

/** Words of the file's head. */
const head = { magic: 0, worldSize: 1, areaBytes: 2, pid: 3, startTime: 4, complete: 5 } as const;
const HEAD = 6;

/** Docker gives a container 64 MiB of shared memory unless it is told otherwise. */
const ALL_AREAS = 48 * 2 ** 20;
const LARGEST_AREA = 4 * 2 ** 20;

/**
 * Brings the processes of a run together: the first makes a file in memory, the others open it, and when all have, its name
 * is removed, so that nothing is left behind however they end.
 *
 * @throws PLError PL8004 when they do not come together in time
 */
export async function meet(options: RendezvousOptions): Promise<SharedFile> {
  return options.rank === 0 ? host(options) : attend(options);
}

async function host({
  rank,
  worldSize,
  key,
  timeoutMs,
  joinTimeoutMs = timeoutMs,
  check,
}: RendezvousOptions): Promise<SharedFile> {
  const { path, fd, layout } = create(key, worldSize);
  try {
    const file = new SharedFile(fd, rank, layout, timeoutMs);
    const ranks = Array.from({ length: worldSize }, (_, i) => i);
    const missing = () => ranks.filter((i) => readWords(fd, pageOf(worldSize, i), 1)[0] === 0);
    const inTime = await until(() => missing().length === 0, joinTimeoutMs, check);
    if (!inTime) throw incomplete(missing(), worldSize, joinTimeoutMs);
    writeWords(fd, head.complete * 8, [1]);
    return file;
  } catch (error) {
    closeSync(fd);
    throw error;
  } finally {
    rmSync(path, { force: true });
  }
}

async function attend({
  rank,
  worldSize,
  key,
  timeoutMs,
  joinTimeoutMs = timeoutMs,
  check,
}: RendezvousOptions): Promise<SharedFile> {
  let fd = -1;
  const isThere = () => {
    fd = open(key) ?? -1;
    return fd !== -1;
  };
  if (!(await until(isThere, joinTimeoutMs, check))) throw incomplete([0], worldSize, joinTimeoutMs);
  const words = readWords(fd, 0, HEAD);
  const creator = { pid: words[head.pid]!, startTime: words[head.startTime]! };
  try {
    if (words[head.worldSize] !== worldSize) {
      throw new PLError(
        'PL8004',
        `rank ${rank} was started as one of ${worldSize} processes, rank 0 as one of ${words[head.worldSize]}.`,
        { hint: 'Give every process the same WORLD_SIZE, and every run a MASTER_PORT of its own.' },
      );
    }
    const [taken] = readWords(fd, pageOf(worldSize, rank), 1);
    if (taken !== 0) {
      throw new PLError(
        'PL8004',
        `two processes were started as rank ${rank}: ${taken} and ${process.pid}.`,
        {
          hint: 'Give every process a RANK of its own, and every run a MASTER_PORT of its own.',
        },
      );
    }
    const file = new SharedFile(fd, rank, { worldSize, areaBytes: words[head.areaBytes]! }, timeoutMs);
    const complete = () => readWords(fd, head.complete * 8, 1)[0] === 1;
    const joined = await until(complete, joinTimeoutMs, () => {
      check?.();
      const end = endOf(creator);
      if (end !== undefined && !complete()) {
        throw new RankFailure({ rank: 0, kind: 'death', cause: end, pid: creator.pid });
      }
    });
    if (!joined) throw incomplete([], worldSize, joinTimeoutMs);
    return file;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function incomplete(missing: readonly number[], worldSize: number, timeoutMs: number): PLError {
  const who = missing.length === 0 ? 'some ranks' : `rank ${missing.join(', ')}`;
  return new PLError('PL8004', `${who} of ${worldSize} did not join within ${timeoutMs / 1000} s.`, {
    hint: 'Start every process of the run, with the same MASTER_PORT, RANK from 0 and WORLD_SIZE.',
  });
}

async function until(holds: () => boolean, timeoutMs: number, check?: () => void): Promise<boolean> {
  const start = performance.now();
  for (let pause = 1; !holds(); pause = Math.min(pause * 1.5, 50)) {
    check?.();
    if (performance.now() - start > timeoutMs) return false;
    await setTimeout(pause);
  }
  return true;
}

function create(key: string, worldSize: number): { path: string; fd: number; layout: Layout } {
  const areaBytes = Math.min(LARGEST_AREA, Math.floor(ALL_AREAS / (2 * worldSize) / 4096) * 4096);
  const layout = { worldSize, areaBytes };
  let problem: unknown;
  for (const folder of folders()) {
    const path = pathIn(folder, key);
    refuseNeighbour(path);
    try {
      return { path, fd: createFile(path, layout), layout };
    } catch (error) {
      problem = error;
    }
  }
  throw new PLError(
    'PL8004',
    `no shared memory for ${worldSize} processes (${fileBytes(layout) >> 20} MiB): ${(problem as Error).message}`,
    {
      hint: `Make room in ${folders().join(' or ')}; for a container: docker run --shm-size.`,
      cause: problem,
    },
  );
}

function createFile(path: string, layout: Layout): number {
  const temporary = `${path}.${process.pid}`;
  const fd = openSync(temporary, 'wx+', 0o600);
  try {
    // Written, not only lengthened: memory that is not there shows now.
    const zeros = new Uint8Array(2 ** 20);
    const size = fileBytes(layout);
    for (let at = 0; at < size; at += zeros.length)
      writeSync(fd, zeros, 0, Math.min(zeros.length, size - at), at);
    const { pid, startTime } = identityOf(process.pid);
    writeWords(fd, 0, [MAGIC, layout.worldSize, layout.areaBytes, pid, startTime, 0]);
    renameSync(temporary, path);
    return fd;
  } catch (error) {
    closeSync(fd);
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** A file of that name belongs to a run that ended badly, or to one that is there right now. */
function refuseNeighbour(path: string): void {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return;
  const pid = livingCreator(path);
  if (pid === undefined) {
    rmSync(path, { force: true });
    return;
  }
  throw new PLError('PL8004', `process ${pid} waits for its ranks under the same MASTER_PORT.`, {
    hint: 'Give every run on this host a MASTER_PORT of its own.',
  });
}

function open(key: string): number | undefined {
  for (const folder of folders()) {
    const path = pathIn(folder, key);
    if (livingCreator(path) === undefined) continue;
    try {
      return openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
    } catch {}
  }
  return undefined;
}

/** The process that made the file, if it is one of this user's runs and that process is there. */
function livingCreator(path: string): number | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch {
    return undefined;
  }
  try {
    const words = readWords(fd, 0, HEAD);
    if (words[head.magic] !== MAGIC || fstatSync(fd).uid !== process.getuid?.()) return undefined;
    const [pid, startTime] = [words[head.pid]!, words[head.startTime]!];
    return endOf({ pid, startTime }) === undefined ? pid : undefined;
  } finally {
    closeSync(fd);
  }
}

/** In memory where the system has such a place. */
export function folders(): string[] {
  const inMemory = '/dev/shm';
  try {
    accessSync(inMemory, constants.W_OK);
    return [inMemory, tmpdir()];
  } catch {
    return [tmpdir()];
  }
}

export function pathIn(folder: string, key: string): string {
  const name = createHash('sha256').update(key).digest('hex').slice(0, 16);
  return join(folder, `pl-${process.getuid?.() ?? 0}-${name}`);
}

function readWords(fd: number, position: number, count: number): Float64Array {
  const words = new Float64Array(count);
  readSync(fd, bytesOf(words), 0, count * 8, position);
  return words;
}

function writeWords(fd: number, position: number, values: readonly number[]): void {
  writeSync(fd, bytesOf(new Float64Array(values)), 0, values.length * 8, position);
}
