import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { build } from './build.js';
import { digitsProject } from './digits-project.test.support.js';
import { generate } from './generate.js';

// Each of these reads TensorFlow.js's types anew, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });
process.chdir(digitsProject());

let output = '';
const collect = (text: string | Uint8Array) => {
  output += text;
  return true;
};
beforeEach(() => {
  output = '';
  vi.spyOn(process.stdout, 'write').mockImplementation(collect);
  vi.spyOn(console, 'log').mockImplementation((line) => collect(`${line}\n`));
});
afterEach(() => vi.restoreAllMocks());

const read = (path: string) => readFileSync(path, 'utf8');

/** Runs something with a file changed. */
async function edited(path: string, change: (text: string) => string, run: () => unknown): Promise<void> {
  const text = read(path);
  writeFileSync(path, change(text));
  try {
    await run();
  } finally {
    writeFileSync(path, text);
  }
}

describe('before anything was generated', () => {
  test('mistakes are printed as tsc does, all of them, and nothing is written', async () => {
    const misspelt = (text: string) =>
      text.replace("@Hook('configure_optimizers')", "@Hook('configure_optimisers')");
    const unfit = (text: string) => text.replace('batchSize?: number;', 'batchSize?: () => number;');
    await edited('src/model.ts', misspelt, () =>
      edited('src/data.ts', unfit, () => expect(generate({ project: 'tsconfig.json' })).toBe(1)),
    );
    const lines = output.trimEnd().split('\n');
    expect(lines.some((line) => /^src\/data\.ts\(\d+,\d+\): error PL1021: /.test(line))).toBe(true);
    expect(lines.at(-2)).toMatch(
      /^src\/model\.ts\(\d+,14\): error PL1009: DigitsClassifier cannot be trained/,
    );
    expect(lines.at(-1)).toMatch(
      /^src\/model\.ts\(\d+,9\): error PL1001: .* Did you mean 'configure_optimizers'\?$/,
    );
    expect([existsSync('src/generated'), existsSync('.env.example')]).toEqual([false, false]);
  });

  test('config.yaml is checked, too', async () => {
    const wrong = (text: string) => text.replace('val_acc', 'val_accuracy');
    await edited('config.yaml', wrong, () => expect(generate({ project: '.' })).toBe(1));
    expect(output).toMatch(/^config\.yaml\(\d+,\d+\): error PL2006: checkpoint\.monitor: got "val_accuracy"/);
  });
});

describe('generating', () => {
  test('writes the files of a project, with a short loop', () => {
    expect(generate({ project: '.' })).toBe(0);
    expect(readdirSync('src/generated').sort()).toEqual([
      'config.schema.json',
      'config.ts',
      'fit-loop.ts',
      'hooks.ts',
      'metrics.ts',
    ]);
    expect(read('.env.example')).toContain('PL_TRAINER_MAX_EPOCHS');
    expect(read('src/generated/fit-loop.ts').split('\n').length).toBeLessThan(150);
  });

  test('checks what is there, writes only what changed, and removes only what it wrote', () => {
    const before = statSync('src/generated/config.ts').mtimeMs;
    const metrics = read('src/generated/metrics.ts');
    appendFileSync('src/generated/metrics.ts', '// edited\n');
    writeFileSync('src/generated/old.ts', read('src/generated/hooks.ts'));
    writeFileSync('src/generated/mine.ts', 'export {};\n');
    expect(generate({ project: '.', check: true })).toBe(1);
    expect(output.split('\n').slice(1)).toEqual(['  src/generated/metrics.ts', '  src/generated/old.ts', '']);
    expect(read('src/generated/metrics.ts')).toContain('// edited');

    expect(generate({ project: '.' })).toBe(0);
    expect(read('src/generated/metrics.ts')).toBe(metrics);
    expect([existsSync('src/generated/old.ts'), existsSync('src/generated/mine.ts')]).toEqual([false, true]);
    expect(statSync('src/generated/config.ts').mtimeMs).toBe(before);
    output = '';
    expect(generate({ project: '.', check: true })).toBe(0);
    expect(output).toBe('');
  });

  test('says what is missing', () => {
    expect(() => generate({ project: 'elsewhere' })).toThrow(/elsewhere.tsconfig\.json/);
    rmSync('node_modules');
    expect(() => generate({ project: '.' })).toThrow('@pl-ts/runtime is not installed');
  });
});

test("building generates, runs the project's own TypeScript, and fails with it", async () => {
  process.chdir(digitsProject());
  appendFileSync('src/model.ts', 'export const wrong: string = 1;\n');
  expect(await build({ project: '.' })).toBeGreaterThan(0);
  expect(existsSync('dist/generated/fit-loop.js')).toBe(true);
});
