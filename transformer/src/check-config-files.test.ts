import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { analyse } from './analysis.js';
import { checkConfigFiles } from './check-config-files.js';
import { generateConfig } from './config/index.js';
import { formatDiagnostics } from './diagnostics/format.js';
import { openProject } from './discovery/open-project.js';
import { settingsSource } from './settings.js';

vi.setConfig({ testTimeout: 120_000 });

const fixtures = fileURLToPath(new URL('fixtures', import.meta.url));
const opened = openProject(fixtures);

/** The mistakes in a project whose program says `main({ …, <more> })`. */
function mistakes(files: Record<string, string>, more = '', members = ''): string {
  const folder = mkdtempSync(join(tmpdir(), 'pl-config-files-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const model = `
    import { Hook, LightningModule, SGD, TrainingStep, tf } from '@pl-ts/runtime';
    export class Model extends LightningModule {
      readonly w = tf.variable(tf.scalar(1));
      ${members}
      @TrainingStep learn() { return this.w.square() as tf.Scalar; }
      @Hook('configure_optimizers') optimizer() { return new SGD(this.parameters()); }
    }`;
  const main = `
    import { main, ModelCheckpoint } from '@pl-ts/runtime';
    import { Model } from './model.js';
    declare const some: number;
    await main({ model: Model, config: {} as never, ${more} });`;
  const path = join(fixtures, 'written-by-a-test');
  const sources = [
    opened.project.createSourceFile(join(path, 'model.ts'), model, { overwrite: true }),
    opened.project.createSourceFile(join(path, 'main.ts'), main, { overwrite: true }),
  ];
  const analysis = analyse(opened, sources);
  const config = generateConfig(settingsSource(analysis, analysis.catalog!, join(path, 'generated')));
  if (!('definition' in config)) throw new Error('The settings of the runtime have a schema.');
  const found = formatDiagnostics(checkConfigFiles(analysis, folder, config.definition), folder);
  rmSync(folder, { recursive: true });
  return found;
}

test('settings of a file that contradict each other are an error at the one that does not fit', () => {
  const yaml = 'trainer:\n  checkValEveryNEpoch: null\n  maxEpochs: 3\n  valCheckInterval: 0.5\n';
  expect(mistakes({ 'config.yaml': yaml })).toBe(
    'config.yaml(4,21): error PL5012: trainer.checkValEveryNEpoch is null, which counts batches across epochs, but trainer.valCheckInterval is 0.5. Set trainer.valCheckInterval to a number of batches, or to a time.\n',
  );
  const json = '{ "trainer": { "barebones": true,\n "logEveryNSteps": 5 } }';
  expect(mistakes({ 'config.json': json })).toMatch(
    /^config\.json\(2,20\): error PL5012: trainer\.barebones is true, but trainer\.logEveryNSteps is 5\. .*\n$/,
  );
});

test('values that the schema lets pass are checked by the rules of a run', () => {
  const yaml = 'trainer: {limitTrainBatches: 2.5}\ncheckpoint:\n  everyNEpochs: 1\n  everyNTrainSteps: 100\n';
  expect(mistakes({ 'config.yaml': yaml }).split('\n')).toEqual([
    'config.yaml(1,30): error PL5012: trainer.limitTrainBatches is 2.5; wanted a whole number of batches, or a share of them between 0 and 1, or null.',
    'config.yaml(4,21): error PL5050: checkpoint.everyNEpochs and checkpoint.everyNTrainSteps are both set. One ModelCheckpoint has one rhythm: keep one of them, or add a second ModelCheckpoint.',
    '',
  ]);
});

test('what another source may put right is a warning', () => {
  expect(mistakes({ 'config.yml': 'checkpoint: {saveTopK: 3}' })).toMatch(
    /^config\.yml\(1,24\): warning PL5050: checkpoint\.saveTopK is 3, but checkpoint\.monitor is null/,
  );
  expect(mistakes({ 'config.yml': 'trainer: {checkValEveryNEpoch: null}' })).toMatch(
    /^config\.yml\(1,32\): warning PL5012: /,
  );
});

test('settings that the program fixes in code win over the file', () => {
  const yaml = 'trainer: {checkValEveryNEpoch: null, valCheckInterval: 0.5}';
  expect(mistakes({ 'config.yaml': yaml }, 'trainer: { valCheckInterval: 100 }')).toBe('');
  expect(mistakes({ 'config.yaml': yaml }, 'trainer: { valCheckInterval: some }')).toBe('');
  expect(mistakes({ 'config.yaml': yaml }, 'trainer: { maxEpochs: some }')).toMatch(/error PL5012/);
  expect(
    mistakes({ 'config.yaml': 'seed: 1' }, 'trainer: { valCheckInterval: 0.5, checkValEveryNEpoch: null }'),
  ).toMatch(/^\S*main\.ts\(5,\d+\): error PL5012: trainer\.checkValEveryNEpoch is null, .*\n$/);
});

test('a module that optimizes itself leaves no room for some', () => {
  const manual = 'override readonly automaticOptimization = false;';
  const yaml = 'trainer:\n  gradientClipVal: 0.5\n  accumulateGradBatches: 4\n';
  expect(
    mistakes({ 'config.yaml': yaml }, '', manual).match(/config\.yaml\(\d,\d+\): error PL5012/g),
  ).toEqual(['config.yaml(2,20): error PL5012', 'config.yaml(3,26): error PL5012']);
  expect(mistakes({ 'config.yaml': yaml })).toBe('');
});

test('a value that does not fit is said once', () => {
  expect(mistakes({ 'config.yaml': 'trainer: {maxEpochs: -7}' }).split('\n')).toHaveLength(2);
});

test('a ModelCheckpoint of the program leaves the settings of the group without effect', () => {
  const callbacks = 'callbacks: [new ModelCheckpoint()]';
  const yaml = 'trainer: {enableCheckpointing: false}';
  expect(mistakes({ 'config.yaml': 'checkpoint: {saveTopK: 1}' }, callbacks)).toMatch(
    /error PL2013: checkpoint\.saveTopK would have no effect/,
  );
  expect(mistakes({ 'config.yaml': yaml }, callbacks)).toMatch(
    /error PL5031: trainer\.enableCheckpointing is false, but there is a ModelCheckpoint/,
  );
  expect(mistakes({ 'config.yaml': yaml }, 'callbacks: []')).toBe('');
  expect(mistakes({ 'config.yaml': 'checkpoint: {saveTopK: 1}' }, 'callbacks: []')).toBe('');
});
