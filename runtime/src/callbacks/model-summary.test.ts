import { describe, expect, it } from 'vitest';
import { Trainer } from '../trainer/trainer.js';
import { ModelSummary } from './model-summary.js';
import { batches, quiet, Scripted } from './scripted.test.support.js';

async function printed(
  options: ConstructorParameters<typeof ModelSummary>[0],
  isTTY = false,
): Promise<string> {
  const written: unknown[] = [];
  const stream = { isTTY, write: (text: unknown) => written.push(text) > 0 };
  const summary = new ModelSummary({ ...options, stream });
  await new Trainer({ ...quiet, maxEpochs: 1, enableCheckpointing: false, callbacks: [summary] }).fit(
    new Scripted(),
    {
      trainDataloader: batches(1),
    },
  );
  return written.join('');
}

describe('ModelSummary', () => {
  it('prints a table and the totals before training', async () => {
    expect(await printed({})).toBe(
      'Name  Type   Parameters  Output shape  Mode\n' +
        'net   Dense           2                train\n' +
        '2 trainable parameters, 0 non-trainable, 2 in total, under 0.1 MB in float32\n',
    );
  });

  it('prints the totals alone for depth 0', async () => {
    expect((await printed({ maxDepth: 0 })).split('\n')).toHaveLength(2);
  });

  it('refuses a depth that is none', () => {
    expect(() => new ModelSummary({ maxDepth: 0.5 })).toThrow(/maxDepth is 0.5/);
  });
});
