import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { namedSettings } from '../config/named-settings.js';
import { describeOrigin, type Origin } from '../config/origin.js';
import { PLError } from '../errors/pl-error.js';

/** Errors of the operating system that a person can put right, in words. */
const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a part of the path is a file',
  EISDIR: 'it is a folder',
  EEXIST: 'it is there already',
  EMFILE: 'too many files are open',
  EADDRINUSE: 'the port is already taken',
  EADDRNOTAVAIL: 'this machine has no such address',
  ECONNREFUSED: 'nothing listens there',
};

/**
 * The error as its reader can act on it; undefined for what nobody foresaw, which keeps its stack. Settings that the
 * error speaks of get the place that they come from.
 */
export function describeError(
  error: unknown,
  origins: ReadonlyMap<string, Origin> = new Map(),
): PLError | undefined {
  if (error instanceof PLError) return withOrigins(error, origins);
  const { code, syscall, path, address, port } = error as NodeJS.ErrnoException & {
    address?: string;
    port?: number;
  };
  const why = code === undefined || syscall === undefined ? undefined : SYSTEM_ERRORS[code];
  if (why === undefined || !(error instanceof Error)) return undefined;
  const subject = path ?? (port === undefined ? syscall : [address, port].filter(Boolean).join(':'));
  const frame = ownFrame(error);
  return new PLError('PL2012', `${subject}: ${why} (${code} in ${syscall})`, {
    ...(frame === undefined ? {} : { hint: `at ${frame}` }),
    cause: error,
  });
}

function withOrigins(error: PLError, origins: ReadonlyMap<string, Origin>): PLError {
  const places = namedSettings(error.message).flatMap((path) => {
    const origin = origins.get(path);
    return origin === undefined || origin.kind === 'default'
      ? []
      : [`${path} comes from ${describeOrigin(origin)}.`];
  });
  if (places.length === 0) return error;
  return new PLError(error.code, error.message, {
    hint: [...(error.hint === undefined ? [] : [error.hint]), ...places].join('\n'),
    cause: error,
  });
}

/** The innermost place in the project's own code. */
function ownFrame({ stack = '' }: Error): string | undefined {
  for (const line of stack.split('\n')) {
    const at = /\(?(file:\/\/[^)\s]+|\/[^)\s]+):(\d+):(\d+)\)?$/.exec(line);
    if (at === null || at[1]!.includes('/node_modules/')) continue;
    const file = at[1]!.startsWith('file:') ? fileURLToPath(at[1]!) : at[1]!;
    if (file.startsWith(fileURLToPath(new URL('..', import.meta.url)))) continue;
    return `${relative('', file)}:${at[2]}:${at[3]}`;
  }
  return undefined;
}
