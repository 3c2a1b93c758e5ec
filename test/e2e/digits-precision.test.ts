import { expect, test } from 'vitest';
import { loadTorchAddon } from '../../runtime/src/engines/torch/load-addon.js';
import { workplace } from './digits-project.js';

const hasTorch = loadTorchAddon().state === 'loaded';

/** Trains the digits, and tells what part of the held-out ones it reads. */
async function accuracyWith(precision: string): Promise<number> {
  const place = workplace();
  const settings = [
    '--trainer.engine',
    'torch',
    '--trainer.accelerator',
    'cpu',
    '--trainer.precision',
    precision,
  ];
  const fit = await place.run(['fit', '--trainer.maxEpochs', '12', ...settings]);
  expect(fit.stderr + fit.stdout).toContain('Epoch 12/12');
  const tested = await place.run(['test', ...settings]);
  expect(tested.exitCode).toBe(0);
  return Number(/^test_acc\s+(\S+)$/m.exec(tested.stdout)?.[1]);
}

test.skipIf(!hasTorch)('digits are read as well in bfloat16, within half a percent', async () => {
  const float32 = await accuracyWith('32-true');
  expect(float32).toBeGreaterThanOrEqual(0.97);
  for (const precision of ['bf16-mixed', 'bf16-true']) {
    expect(Math.abs((await accuracyWith(precision)) - float32), precision).toBeLessThanOrEqual(0.005);
  }
});
