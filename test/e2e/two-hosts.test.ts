import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { TwoHosts } from './two-hosts.js';

const reason = TwoHosts.whyNot();

/** Sends back what it gets. */
const server = `
  require('node:net').createServer((socket) => socket.pipe(socket)).listen(4000, process.argv[1], () =>
    console.log('listening'));
`;
/** Passes lines from its input to the server, and prints what comes back, and what becomes of the connection. */
const client = `
  const socket = require('node:net').connect({ host: process.argv[1], port: 4000, timeout: 2000 });
  process.stdin.pipe(socket, { end: false });
  socket.on('connect', () => { socket.setTimeout(0); console.log('connected'); });
  socket.on('data', (data) => process.stdout.write(data));
  socket.on('timeout', () => { console.log('no answer'); process.exit(1); });
  socket.on('error', (error) => { console.log('no connection'); process.exit(1); });
  socket.on('close', () => console.log('closed'));
`;

/** What a program writes, line by line; undefined when it writes nothing for a while. */
function linesOf(program: ChildProcess): (patience?: number) => Promise<string | undefined> {
  const lines = createInterface({ input: program.stdout! })[Symbol.asyncIterator]();
  let pending: Promise<IteratorResult<string, undefined>> | undefined;
  return async (patience = 20_000) => {
    pending ??= lines.next();
    const line = await Promise.race([pending, wait(patience)]);
    if (line !== undefined) pending = undefined;
    return line?.value;
  };
}

describe('two hosts with a cable between them', () => {
  let network: TwoHosts | undefined;
  afterEach(() => {
    network?.remove();
    network = undefined;
  });

  test('talk to each other, until the cable is cut, and when it is mended', async (context) => {
    if (reason !== undefined) context.skip(reason);
    network = new TwoHosts();
    const [first, second] = network.hosts;
    const run = (host: typeof first, program: string) =>
      host.spawn(process.execPath, ['-e', program, second.address], { stdio: ['pipe', 'pipe', 'inherit'] });

    expect(await linesOf(run(second, server))()).toBe('listening');
    const talker = run(first, client);
    const heard = linesOf(talker);
    expect(await heard()).toBe('connected');
    talker.stdin!.write('one\n');
    expect(await heard()).toBe('one');

    network.cut();
    talker.stdin!.write('two\n');
    expect(await heard(1500)).toBeUndefined();
    expect(['no answer', 'no connection']).toContain(await linesOf(run(first, client))());

    network.mend();
    // TCP has kept it, and sends it again.
    expect(await heard()).toBe('two');
  });

  test('are out of reach for everyone else, and leave nothing behind', async (context) => {
    if (reason !== undefined) context.skip(reason);
    network = new TwoHosts();
    const other = new TwoHosts();
    try {
      const [, second] = network.hosts;
      const echo = second.spawn(process.execPath, ['-e', server, second.address]);
      expect(await linesOf(echo)()).toBe('listening');
      expect(network.processes()).toEqual([echo.pid]);
      const stranger = other.hosts[0].spawn(process.execPath, ['-e', client, second.address]);
      expect(['no answer', 'no connection']).toContain(await linesOf(stranger)());

      const ended = once(echo, 'exit');
      network.remove();
      expect(await ended).toEqual([null, 'SIGKILL']);
      expect(network.processes()).toEqual([]);
    } finally {
      other.remove();
    }
  });
});
