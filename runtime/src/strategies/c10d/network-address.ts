import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';

/** An attempt that gets no answer at all is worth another one. */
const ATTEMPT_MS = 2000;

/**
 * The address of this host from which a port of another is reached.
 *
 * @returns undefined where nobody listens there
 */
export function addressTowards(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: ATTEMPT_MS });
    const end = (address?: string) => {
      socket.destroy();
      resolve(address);
    };
    socket.on('connect', () => end(socket.localAddress?.replace(/^::ffff:/, '')));
    socket.on('timeout', () => end());
    socket.on('error', () => end());
  });
}

/** The first address of this host that others may reach. */
export function outwardAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((list = []) => list);
  const outward = addresses.filter(({ internal }) => !internal);
  return (outward.find(({ family }) => family === 'IPv4') ?? outward[0])?.address;
}

export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
