import { expect, it } from 'vitest';
import '../engines/default.js';
import { batches, quiet, Scripted } from '../callbacks/scripted.test.support.js';
import { Breaks } from './breaks.js';
import { Interruption } from './interruption.js';
import { Trainer } from './trainer.js';

it('Ctrl-C ends an epoch whose steps wait for nothing', async () => {
  const trainer = new Trainer({ ...quiet, maxEpochs: -1, enableCheckpointing: false });
  const module = new Scripted();
  setTimeout(() => process.emit('SIGINT', 'SIGINT'), 100);
  const fit = trainer.fit(module, { trainDataloader: batches(1_000_000) });
  await expect(fit).rejects.toBeInstanceOf(Interruption);
  expect(trainer.currentEpoch).toBe(0);
  expect(trainer.globalStep).toBeGreaterThan(0);
});

it('Ctrl-C ends a validation whose steps wait for nothing', async () => {
  const trainer = new Trainer({ ...quiet, enableCheckpointing: false });
  setTimeout(() => process.emit('SIGINT', 'SIGINT'), 100);
  const validation = trainer.validate(new Scripted(), { dataloaders: batches(1_000_000) });
  await expect(validation).rejects.toBeInstanceOf(Interruption);
});

it('a break is due after some work, and lasts one turn', async () => {
  const breaks = new Breaks();
  expect(breaks.pause()).toBeUndefined();
  const began = performance.now();
  while (performance.now() - began < 60);
  let turned = false;
  setImmediate(() => {
    turned = true;
  });
  await breaks.pause();
  expect(turned).toBe(true);
  expect(breaks.pause()).toBeUndefined();
});
