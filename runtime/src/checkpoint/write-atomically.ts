import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeFolder } from './make-folder.js';

// The system calls take lengths of up to 2 GiB.
const MAX_WRITE = 2 ** 30;
const TEMPORARY = /^\..+\.[0-9a-f]{16}\.tmp$/;
/** Nobody writes to a temporary file that has not changed for this long: its program was killed. */
const ABANDONED_AFTER_MS = 3_600_000;

/**
 * Writes a file so that at every instant, a power cut included, its path holds either the old content or the new one, complete:
 * a temporary file beside it, flushed to the disk, then renamed. Makes missing folders. Leaves nothing behind when it
 * fails; what a killed program left is removed by a later write. `chunks` must not change until the promise resolves.
 */
export async function writeAtomically(path: string, chunks: readonly Uint8Array[]): Promise<void> {
  const folder = dirname(path);
  makeFolder(folder);
  const temporary = temporaryPath(path);
  try {
    const file = await open(temporary, 'wx');
    try {
      for (const chunk of chunks) {
        for (let at = 0; at < chunk.byteLength; ) {
          at += (await file.write(chunk, at, Math.min(chunk.byteLength - at, MAX_WRITE))).bytesWritten;
        }
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await open(folder, 'r')
    .then((directory) => directory.sync().finally(() => directory.close()))
    .catch(unlessUnsupported);
  await removeAbandoned(folder).catch(() => undefined);
}

/** The same without yielding to other work: for the last moments of a process. */
export function writeAtomicallySync(path: string, chunks: readonly Uint8Array[]): void {
  const folder = dirname(path);
  makeFolder(folder);
  const temporary = temporaryPath(path);
  try {
    withFile(temporary, 'wx', (file) => {
      for (const chunk of chunks) {
        for (let at = 0; at < chunk.byteLength; ) {
          at += writeSync(file, chunk, at, Math.min(chunk.byteLength - at, MAX_WRITE));
        }
      }
      fsyncSync(file);
    });
    renameSync(temporary, path);
  } catch (error) {
    try {
      rmSync(temporary, { force: true });
    } catch {
      // What went wrong first is what the caller must hear.
    }
    throw error;
  }
  try {
    withFile(folder, 'r', fsyncSync);
  } catch (error) {
    unlessUnsupported(error);
  }
}

/** Not every system and file system can flush a folder; where it cannot, the rename has to do. */
function unlessUnsupported(error: unknown): void {
  const unsupported = ['EACCES', 'EPERM', 'EINVAL', 'EISDIR', 'EBADF', 'ENOTSUP'];
  if (!unsupported.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
}

function withFile(path: string, flags: string, use: (file: number) => void): void {
  const file = openSync(path, flags);
  try {
    use(file);
  } finally {
    closeSync(file);
  }
}

function temporaryPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`);
}

/** Removes temporary files of programs that were killed while they wrote. Whatever cannot be removed stays. */
async function removeAbandoned(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => TEMPORARY.test(name));
  await Promise.allSettled(
    names.map(async (name) => {
      const path = join(folder, name);
      if (Date.now() - (await stat(path)).mtimeMs > ABANDONED_AFTER_MS) await rm(path);
    }),
  );
}
