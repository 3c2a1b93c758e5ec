import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { DistributedBackend } from '../../engines/torch/distributed.js';
import { identityOf, type ProcessIdentity } from '../local/processes.js';

/** What a rank tells the others when it joins. */
export interface RankIdentity {
  worldSize: number;
  backend: DistributedBackend;
  /** The host's name, for people. */
  host: string;
  /** The same for processes that can see each other's process numbers. */
  kernel: string;
  process: ProcessIdentity;
  /** Where its peers reach it. */
  address: string;
}

export function ownIdentity(parts: Pick<RankIdentity, 'worldSize' | 'backend' | 'address'>): RankIdentity {
  return { ...parts, host: hostname(), kernel: kernel(), process: identityOf(process.pid) };
}

/** Names this boot of the machine and the namespace in which its processes are counted. */
export function kernel(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}
