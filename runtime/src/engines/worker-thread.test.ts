import { expect, test } from 'vitest';
import { trainInWorker } from './worker.test.support.js';

test('the embedded engine trains in worker threads, at once and after each other', async () => {
  const results = await Promise.all([trainInWorker('ort'), trainInWorker('ort')]);
  for (const { backend, loss } of [...results, await trainInWorker('ort')]) {
    expect(backend).toBe('ort');
    expect(loss).toBeLessThan(1e-3);
  }
});
