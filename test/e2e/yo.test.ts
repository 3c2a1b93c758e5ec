import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Outcome, program } from './program.js';

const checkout = fileURLToPath(new URL('../..', import.meta.url));

let root: string;

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'pl-yo-')));
  mkdirSync(join(root, 'node_modules'));
  mkdirSync(join(root, 'home'));
  // As `npm link` leaves it.
  symlinkSync(checkout, join(root, 'node_modules', 'generator-pl'));
});

afterAll(() => rmSync(root, { recursive: true }));

/** `yo pl …` with the linked generator. */
function yo(...args: string[]): Promise<Outcome> {
  // Started as root, as containers do, yo would give up its rights, or stop.
  const asUser = process.getuid?.() === 0 ? ['--import', 'data:text/javascript,process.getuid=()=>1000'] : [];
  return program(process.execPath, [...asUser, join(checkout, 'node_modules/yo/lib/cli.js'), 'pl', ...args], {
    cwd: root,
    env: { NODE_PATH: join(root, 'node_modules'), HOME: join(root, 'home'), NO_UPDATE_NOTIFIER: '1' },
  });
}

test('yo finds the linked generator and asks nothing without a terminal', async () => {
  const { exitCode, stderr } = await yo('digits', '--skip-install', '--skip-git');
  expect(stderr).toContain('digits is ready');
  expect(exitCode).toBe(0);
  expect(existsSync(join(root, 'digits/src/model.ts'))).toBe(true);
});

test('a refusal is a few lines with the next step and exit code 1', async () => {
  const before = readdirSync(root);
  const { exitCode, stderr } = await yo('../escape', '--skip-install');
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/leaves the current folder/);
  expect(stderr).toMatch(/Change to the folder/);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stderr.split('\n').length).toBeLessThan(8);
  expect(readdirSync(root)).toEqual(before);
});
