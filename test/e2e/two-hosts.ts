import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process';

/** One of two hosts that only have a cable between them: a network namespace, on the file system and clock of this machine. */
export interface Host {
  readonly address: string;
  /** Starts a program there; the process is the program's own, not one of `ip`. */
  spawn(command: string, args: readonly string[], options?: SpawnOptions): ChildProcess;
}

let created = 0;

/**
 * Two hosts on one machine, for tests of what happens between machines. Needs Linux, iproute2 and the right to create
 * network namespaces: ask `whyNot` first.
 *
 * @example
 * const reason = TwoHosts.whyNot();
 * if (reason) context.skip(reason);
 * const network = new TwoHosts();
 * try {
 *   const rank0 = network.hosts[0].spawn('node', ['train.js'], { env: { …, MASTER_ADDR: network.hosts[0].address } });
 *   network.cut();
 * } finally {
 *   network.remove();
 * }
 */
export class TwoHosts {
  readonly hosts: readonly [Host, Host];
  readonly #namespaces: readonly [string, string];

  /** Why there can be no such hosts here; undefined where there can. */
  static whyNot(): string | undefined {
    if (process.platform !== 'linux') return 'network namespaces are a part of Linux';
    try {
      new TwoHosts().remove();
      return undefined;
    } catch (error) {
      const { stderr, message } = error as { stderr?: Buffer; message: string };
      return `network namespaces cannot be used here: ${stderr?.toString().trim() || message}`;
    }
  }

  constructor() {
    const name = `pl-${process.pid}-${created++}`;
    const [first, second] = [`${name}-a`, `${name}-b`] as const;
    this.#namespaces = [first, second];
    try {
      ip('netns', 'add', first);
      ip('netns', 'add', second);
      ip('link', 'add', 'eth0', 'netns', first, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', second);
      this.hosts = [connect(first, '10.199.0.1'), connect(second, '10.199.0.2')];
      // What `spawn` does needs more rights than what came before.
      ip('netns', 'exec', first, 'true');
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** Pulls the cable: what is sent goes nowhere, and connections notice nothing but silence. */
  cut(): void {
    ip('-n', this.#namespaces[0], 'link', 'set', 'eth0', 'down');
  }

  /** Plugs it in again. */
  mend(): void {
    ip('-n', this.#namespaces[0], 'link', 'set', 'eth0', 'up');
  }

  /** Ids of the processes that run on the hosts, those that programs started there included. */
  processes(): number[] {
    return existing(this.#namespaces).flatMap((namespace) =>
      ip('netns', 'pids', namespace).split('\n').filter(Boolean).map(Number),
    );
  }

  /** Ends what runs there, and takes both hosts away. */
  remove(): void {
    for (const pid of this.processes()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    for (const namespace of existing(this.#namespaces)) ip('netns', 'delete', namespace);
  }
}

function connect(namespace: string, address: string): Host {
  ip('-n', namespace, 'link', 'set', 'lo', 'up');
  ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'eth0');
  ip('-n', namespace, 'link', 'set', 'eth0', 'up');
  return {
    address,
    spawn: (command, args, options = {}) =>
      spawn('ip', ['netns', 'exec', namespace, command, ...args], options),
  };
}

function existing(namespaces: readonly string[]): string[] {
  const known = new Set(
    ip('netns', 'list')
      .split('\n')
      .map((line) => line.split(' ')[0]),
  );
  return namespaces.filter((namespace) => known.has(namespace));
}

function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
