import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

/** A process, told from a later one that got its number. */
export interface ProcessIdentity {
  pid: number;
  /** When it began, in the system's own unit; 0 where the system does not tell. */
  startTime: number;
}

export function identityOf(pid: number): ProcessIdentity {
  return { pid, startTime: readStat(pid)?.startTime ?? 0 };
}

/** How a process ended, as the end of a sentence about it; undefined while it runs. */
export function endOf({ pid, startTime }: ProcessIdentity): string | undefined {
  if (process.platform !== 'linux') return endByProcessList(pid);
  const stat = readStat(pid);
  if (stat === undefined || (startTime !== 0 && stat.startTime !== startTime)) return 'died';
  // A process that ended stays visible until its parent asks for its exit code.
  if (stat.state !== 'Z' && stat.state !== 'X') return undefined;
  return describeExit(stat.status >> 8, stat.status & 0x7f);
}

/** @param signal its number, 0 for none */
export function describeExit(code: number, signal: number): string {
  if (signal === 0) return code === 0 ? 'ended without having finished' : `ended with exit code ${code}`;
  const name = Object.entries(constants.signals).find(([, number]) => number === signal)?.[0];
  return `was killed by ${name ?? `signal ${signal}`}`;
}

interface ProcessStat {
  state: string;
  startTime: number;
  /** As `wait` gives it; 0 while the process runs and where the system hides it. */
  status: number;
}

/** proc_pid_stat(5): the fields 3, 22 and 52. */
function readStat(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0]!, startTime: Number(fields[19]), status: Number(fields[49] ?? 0) };
}

function endByProcessList(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? undefined : 'died';
  }
  const { stdout, status } = spawnSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' });
  return status === 0 && stdout.trim().startsWith('Z') ? 'died' : undefined;
}
