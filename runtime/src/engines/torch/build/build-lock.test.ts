import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withLock } from './build-lock.js';

let folder: string;
let lock: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'));
  lock = join(folder, 'lock');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Takes the lock and says whether it had to wait. */
async function take(): Promise<boolean> {
  let waited = false;
  const onWait = () => {
    waited = true;
    rmSync(lock);
  };
  await withLock(lock, onWait, async () => undefined);
  return waited;
}

test('the second waits until the first has finished, also with an error', async () => {
  const order: string[] = [];
  let fail: (error: Error) => void = () => {};
  const first = withLock(
    lock,
    () => {},
    () =>
      new Promise((_, reject) => {
        fail = reject;
      }),
  );
  const second = withLock(
    lock,
    () => order.push('waits'),
    async () => order.push('works'),
  );
  await expect.poll(() => order).toEqual(['waits']);
  order.push('first fails');
  fail(new Error('compiler'));
  await expect(first).rejects.toThrow('compiler');
  await second;
  expect(order).toEqual(['waits', 'first fails', 'works']);
  expect(existsSync(lock)).toBe(false);
});

test('the lock of a process that lives is respected', async () => {
  writeFileSync(lock, JSON.stringify({ host: hostname(), pid: process.ppid }));
  expect(await take()).toBe(true);
});

test('the lock of a process that ended is taken', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  writeFileSync(lock, JSON.stringify({ host: hostname(), pid }));
  expect(await take()).toBe(false);
});

test('the lock of another machine is respected for half an hour', async () => {
  writeFileSync(lock, JSON.stringify({ host: 'elsewhere', pid: 1 }));
  expect(await take()).toBe(true);
  writeFileSync(lock, JSON.stringify({ host: 'elsewhere', pid: 1 }));
  const earlier = new Date(Date.now() - 31 * 60_000);
  utimesSync(lock, earlier, earlier);
  expect(await take()).toBe(false);
});
