import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Trainer } from '../trainer/trainer.js';
import { EarlyStopping, type EarlyStoppingOptions } from './early-stopping.js';
import { ModelCheckpoint } from './model-checkpoint.js';
import { batches, quiet, Scripted } from './scripted.test.support.js';

const validating = (...values: number[]) => {
  let validations = 0;
  return new Scripted({ onValidationBatch: (module) => module.log('val_loss', values[validations++]!) });
};

describe('EarlyStopping', () => {
  let said: string[];
  beforeEach(() => {
    said = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  });
  afterEach(() => void vi.restoreAllMocks());
  const data = () => ({ trainDataloader: batches(1), valDataloaders: batches(1) });

  it('says why it stops, once', async () => {
    const stopping = new EarlyStopping({ monitor: 'val_loss', patience: 1 });
    const trainer = new Trainer({
      ...quiet,
      enableCheckpointing: false,
      maxEpochs: 9,
      minEpochs: 4,
      callbacks: [stopping],
    });
    await trainer.fit(validating(0.5, 0.6, 0.6, 0.6), data());
    const lines = said.filter((line) => line.startsWith('Stopping early'));
    expect(lines).toEqual([
      'Stopping early: val_loss did not improve in 1 checks; its best value was 0.5.\n',
    ]);
    expect(stopping.stoppingReason).toBe('patience');
  });

  it('goes on waiting where a resumed run was', async () => {
    const root = mkdtempSync(join(tmpdir(), 'early-stopping-'));
    const run = (maxEpochs: number) => {
      const stopping = new EarlyStopping({ monitor: 'val_loss', patience: 2 });
      const saving = new ModelCheckpoint({ dirpath: root, filename: 'run' });
      return { stopping, trainer: new Trainer({ ...quiet, maxEpochs, callbacks: [stopping, saving] }) };
    };
    await run(2).trainer.fit(validating(0.5, 0.6), data());
    const resumed = run(9);
    await resumed.trainer.fit(validating(0.6, 0.1), { ...data(), ckptPath: join(root, 'run.ckpt') });
    expect(resumed.trainer.currentEpoch).toBe(3);
    expect(resumed.stopping.bestScore).toBe(0.5);
    expect(resumed.stopping.waitCount).toBe(2);
  });

  it.each([
    { monitor: '' },
    { monitor: 'loss', mode: 'auto' },
    { monitor: 'loss', patience: -1 },
    { monitor: 'loss', patience: 1.5 },
    { monitor: 'loss', minDelta: Number.NaN },
  ])('refuses %o', (options) => {
    expect(() => new EarlyStopping(options as EarlyStoppingOptions)).toThrow(/EarlyStopping's/);
  });
});
