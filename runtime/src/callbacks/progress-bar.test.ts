import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TrainerOptions } from '../trainer/options.js';
import { Trainer } from '../trainer/trainer.js';
import { ProgressBar } from './progress-bar.js';
import { batches, quiet, Scripted } from './scripted.test.support.js';

/** Collects what is written, as the draws and kept lines of a terminal or as the text of a file. */
function stream(isTTY: boolean, columns = 120) {
  const written: string[] = [];
  return { isTTY, columns, written, write: (text: string | Uint8Array) => written.push(String(text)) > 0 };
}

const trainer = (bar: ProgressBar, options: TrainerOptions = {}) =>
  new Trainer({
    ...quiet,
    enableProgressBar: true,
    enableCheckpointing: false,
    callbacks: [bar],
    ...options,
  });

const logging = () =>
  new Scripted({
    onTrainingBatch: (module) => {
      vi.advanceTimersByTime(50);
      module.log('train_loss', 0.5, { progBar: true });
      module.log('hidden', 0.5);
    },
    onValidationBatch: (module) => {
      vi.advanceTimersByTime(50);
      module.log('val_acc', 0.97, { progBar: true });
    },
  });

describe('ProgressBar', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
    vi.stubEnv('TERM', 'xterm');
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllEnvs();
  });
  const data = () => ({ trainDataloader: batches(6), valDataloaders: batches(4) });

  it('writes one plain line an epoch where there is no terminal', async () => {
    const file = stream(false);
    await trainer(new ProgressBar({ stream: file }), { maxEpochs: 2, numSanityValSteps: 2 }).fit(
      logging(),
      data(),
    );
    expect(file.written.join('')).toBe(
      'Epoch 1/2: 6 batches in 0.5 s, train_loss=0.5, val_acc=0.97\n' +
        'Epoch 2/2: 6 batches in 0.5 s, train_loss=0.5, val_acc=0.97\n',
    );
  });

  it('writes one line with every metric for validate and test', async () => {
    const file = stream(false);
    const run = trainer(new ProgressBar({ stream: file }));
    await run.validate(new Scripted({ onValidationBatch: (module) => module.log('val_loss', 2) }), {
      dataloaders: batches(4),
    });
    await run.test(new Scripted(), { dataloaders: [batches(2), batches(1)] });
    expect(file.written).toHaveLength(2);
    expect(file.written[0]).toBe('Validation: 4 batches in 0.0 s, val_loss=2\n');
    expect(file.written[1]).toMatch(/^Test: 3 batches in 0\.0 s, test_loss\/dataloader_idx_0=/);
  });

  it('draws a live line in a terminal, and keeps one an epoch', async () => {
    const terminal = stream(true);
    await trainer(new ProgressBar({ stream: terminal }), { maxEpochs: 1 }).fit(logging(), data());
    const lines = terminal.written.map((text) => stripVTControlCharacters(text).trim());
    expect(lines).toEqual([
      'Epoch 1/1   0%|          | 0/6 [00:00]',
      'Epoch 1/1  33%|███▎      | 2/6 [00:00<00:00, 20 batches/s] train_loss=0.5',
      'Epoch 1/1  66%|██████▋   | 4/6 [00:00<00:00, 20 batches/s] train_loss=0.5',
      'Epoch 1/1 100%|██████████| 6/6 [00:00, 20 batches/s] train_loss=0.5',
      'Epoch 1/1 validation   0%|          | 0/4 [00:00] train_loss=0.5',
      'Epoch 1/1 validation  50%|█████     | 2/4 [00:00<00:00, 20 batches/s] train_loss=0.5',
      'Epoch 1/1 validation 100%|██████████| 4/4 [00:00, 20 batches/s] train_loss=0.5',
      'Epoch 1/1 100%|██████████| 6/6 [00:00, 20 batches/s] train_loss=0.5 val_acc=0.97',
      '',
      'Epoch 1/1 100%|██████████| 6/6 [00:00, 20 batches/s] train_loss=0.5 val_acc=0.97',
    ]);
    expect(terminal.written.filter((text) => text.endsWith('\n'))).toHaveLength(1);
  });

  it('takes the sanity check away when it is over', async () => {
    const terminal = stream(true);
    const bar = new ProgressBar({ stream: terminal });
    await trainer(bar, { maxEpochs: 0, numSanityValSteps: 3 }).fit(logging(), data());
    expect(stripVTControlCharacters(terminal.written[0]!)).toContain('Sanity check   0%|          | 0/3');
    expect(terminal.written.at(-1)).toBe('\r\x1b[K');
  });

  it('draws no more often than asked', async () => {
    const terminal = stream(true);
    const bar = new ProgressBar({ stream: terminal, refreshRate: 1 });
    await trainer(bar, { maxEpochs: 1 }).fit(logging(), { trainDataloader: batches(60) });
    // 60 batches of 50 ms: the empty bar, one draw a second, and the line that stays (which first erases).
    expect(terminal.written).toHaveLength(1 + 3 + 2);
  });

  it('fits the terminal', async () => {
    const terminal = stream(true, 40);
    await trainer(new ProgressBar({ stream: terminal }), { maxEpochs: 1 }).fit(logging(), data());
    const live = terminal.written.filter((text) => !text.endsWith('\n'));
    const widths = live.map((text) => stripVTControlCharacters(text).trim().length);
    expect(Math.max(...widths)).toBeLessThan(40);
  });

  it('takes 80 columns in a terminal of unknown size', async () => {
    const terminal = stream(true, 0);
    await trainer(new ProgressBar({ stream: terminal }), { maxEpochs: 1 }).fit(logging(), data());
    expect(stripVTControlCharacters(terminal.written[0]!)).toContain('Epoch 1/1   0%|');
  });

  it('leaves the cursor on a fresh line after an error', async () => {
    const terminal = stream(true);
    const failing = new Scripted({
      onTrainingBatch: (_module, batchIdx) => {
        if (batchIdx === 3) throw new Error('boom');
      },
    });
    const run = trainer(new ProgressBar({ stream: terminal }), { maxEpochs: 1 });
    await expect(run.fit(failing, data())).rejects.toThrow('boom');
    expect(terminal.written.at(-1)).toBe('\n');
  });

  it('sends no control characters to a terminal that knows none', async () => {
    vi.stubEnv('TERM', 'dumb');
    const terminal = stream(true);
    await trainer(new ProgressBar({ stream: terminal }), { maxEpochs: 1 }).fit(logging(), data());
    expect(terminal.written).toHaveLength(1);
    expect(stripVTControlCharacters(terminal.written[0]!)).toBe(terminal.written[0]);
  });

  it('counts epochs without an end where there is none', async () => {
    const file = stream(false);
    const run = trainer(new ProgressBar({ stream: file }), { maxSteps: 8 });
    await run.fit(logging(), { trainDataloader: batches(6) });
    expect(file.written.map((line) => line.split(' in ')[0])).toEqual([
      'Epoch 1: 6 batches',
      'Epoch 2: 2 batches',
    ]);
  });

  it('refuses a refresh rate that is none', () => {
    expect(() => new ProgressBar({ refreshRate: 0 })).toThrow(/refreshRate is 0/);
  });
});
