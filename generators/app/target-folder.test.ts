import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isFree, resolveTarget } from './target-folder.js';

let root: string;
let cwd: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'pl-target-')));
  cwd = join(root, 'work');
  mkdirSync(cwd);
});

afterEach(() => rmSync(root, { recursive: true }));

test('takes folders inside the current one, and the current one itself', () => {
  expect(resolveTarget(cwd, 'digits')).toBe(join(cwd, 'digits'));
  expect(resolveTarget(cwd, 'a/b/../c')).toBe(join(cwd, 'a', 'c'));
  expect(resolveTarget(cwd, '..digits')).toBe(join(cwd, '..digits'));
  expect(resolveTarget(cwd, '.')).toBe(cwd);
  expect(resolveTarget(cwd, join(cwd, 'digits'))).toBe(join(cwd, 'digits'));
});

test.each(['..', '../digits', 'a/../../digits', '/tmp/digits'])(
  'refuses %s, which leaves it',
  (directory) => {
    expect(() => resolveTarget(cwd, directory)).toThrow(/leaves the current folder/);
  },
);

test('refuses a path that leaves through a symbolic link', () => {
  symlinkSync(root, join(cwd, 'out'));
  expect(() => resolveTarget(cwd, 'out/digits')).toThrow(/leaves the current folder/);
  symlinkSync(join(cwd, 'inside'), join(cwd, 'in'));
  mkdirSync(join(cwd, 'inside'));
  expect(resolveTarget(cwd, 'in/digits')).toBe(join(cwd, 'in', 'digits'));
});

test('a folder is free while it is missing, empty or only a repository', () => {
  expect(isFree(join(cwd, 'digits'))).toBe(true);
  expect(isFree(cwd)).toBe(true);
  mkdirSync(join(cwd, '.git'));
  expect(isFree(cwd)).toBe(true);
  writeFileSync(join(cwd, 'notes.txt'), '');
  expect(isFree(cwd)).toBe(false);
  expect(() => isFree(join(cwd, 'notes.txt'))).toThrow(/is a file, not a folder/);
});
