import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadTorchAddon } from '../../runtime/src/engines/torch/load-addon.js';
import { engineCommand, lossDifference, peerCommand, Runner } from '../bench/engine-runner.js';

const python = '/usr/bin/python3';
const hasPeer = spawnSync(python, ['-c', 'import torch']).status === 0;
const engines = ['ort', ...(loadTorchAddon().state === 'loaded' ? ['torch'] : [])];

// Python's torch loads slowly on a cold disk.
describe.skipIf(!hasPeer)('20 steps from the same weights', { timeout: 120_000 }, () => {
  describe.each(engines)('on %s', (engine) => {
    it.each(['mlp', 'cnn', 'transformer'])('have the losses of PyTorch: %s', async (model) => {
      const job = { model, threads: 1, accelerator: 'cpu' } as const;
      const folder = mkdtempSync(join(tmpdir(), 'pl-losses-'));
      const ours = new Runner(engineCommand(engine, job), 1);
      const peer = new Runner(peerCommand(python, job), 1);
      try {
        await ours.save(join(folder, 'model'));
        await peer.load(join(folder, 'model'));
        const [mine, theirs] = await Promise.all([ours.train(20), peer.train(20)]);
        expect(mine?.losses, ours.problem).toHaveLength(20);
        expect(theirs?.losses, peer.problem).toHaveLength(20);
        expect(theirs!.losses[19]).toBeLessThan(theirs!.losses[0]!);
        expect(lossDifference(mine!.losses, theirs!.losses)).toBeLessThan(1e-4);
      } finally {
        ours.end();
        peer.end();
        rmSync(folder, { recursive: true });
      }
    });
  });
});
