import type { Checkpoint } from './checkpoint.js';

/** A short text about a checkpoint: where the run stood, what it holds, its tensors. */
export function describeCheckpoint(checkpoint: Checkpoint): string {
  const { stateDict, optimizerStates, hyperParameters, callbacks } = checkpoint;
  const values = [...stateDict.values()].reduce((sum, { data }) => sum + data.length, 0);
  const width = Math.max(0, ...[...stateDict.keys()].map((name) => name.length));
  return [
    `epoch ${checkpoint.epoch}, step ${checkpoint.globalStep}, written by version ${checkpoint.plVersion || 'unknown'}`,
    `hyperparameters: ${JSON.stringify(hyperParameters)}`,
    `callbacks: ${Object.keys(callbacks).join(', ') || 'none'}`,
    `optimizers: ${optimizerStates.scalars.length}, with ${optimizerStates.tensors.size} tensors`,
    `model: ${stateDict.size} tensors, ${values} values`,
    ...[...stateDict].map(
      ([name, { dtype, shape }]) => `  ${name.padEnd(width)}  ${dtype} [${shape.join(', ')}]`,
    ),
  ].join('\n');
}
