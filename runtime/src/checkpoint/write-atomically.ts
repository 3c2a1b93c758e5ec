import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';

// The system calls take lengths of up to 2 GiB.
const MAX_WRITE = 2 ** 30;
let written = 0;

/**
 * Writes a file so that at every instant, a power cut included, its path holds either the old content or the new one, complete:
 * a temporary file beside it, flushed to the disk, then renamed. Makes missing folders. Leaves nothing behind when it
 * fails. `chunks` must not change until the promise resolves.
 */
export async function writeAtomically(path: string, chunks: readonly Uint8Array[]): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
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
  if (process.platform === 'win32') return;
  const directory = await open(folder, 'r');
  await directory.sync().finally(() => directory.close());
}

/** The same without yielding to other work: for the last moments of a process. */
export function writeAtomicallySync(path: string, chunks: readonly Uint8Array[]): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true });
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
  if (process.platform !== 'win32') withFile(folder, 'r', fsyncSync);
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
  written++;
  return join(dirname(path), `.${basename(path)}.${process.pid}-${threadId}-${written}.tmp`);
}
