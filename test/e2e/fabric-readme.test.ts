import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [, diff = ''] = /^## A loop of your own: Fabric$[\s\S]*?^```diff\n([\s\S]*?)^```$/m.exec(
  readFileSync(join(root, 'README.md'), 'utf8'),
)!;
const lines = diff.split('\n');
/** The program before (`-`) or after (`+`) the change. */
const program = (side: '-' | '+') =>
  lines
    .filter((line) => [' ', side, undefined].includes(line[0]))
    .map((line) => line.slice(1))
    .join('\n');

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pl-fabric-readme-'));
  mkdirSync(join(folder, 'data'));
  cpSync(join(root, 'templates/digits/data/digits.csv.gz'), join(folder, 'data/digits.csv.gz'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
});

afterAll(() => rmSync(folder, { recursive: true }));

function run(side: '-' | '+'): string[] {
  const name = side === '-' ? 'before.ts' : 'after.ts';
  writeFileSync(join(folder, name), program(side));
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--import', 'tsx', name], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  return stdout.trim().split('\n');
}

it('makes the loop of the README train in two processes by changing few lines', () => {
  const added = lines.filter((line) => line.startsWith('+')).length;
  expect(added).toBeLessThanOrEqual(6);
  for (const side of ['-', '+'] as const) {
    const printed = run(side);
    expect(printed).toHaveLength(5);
    const losses = printed.map((line, epoch) => {
      expect(line).toMatch(new RegExp(`^epoch ${epoch}: loss \\d\\.\\d{3}$`));
      return Number(line.slice(-5));
    });
    expect(losses[4]).toBeLessThan(losses[0]! / 3);
  }
});
