import { createHash } from 'node:crypto';
import { PLError } from '../errors/pl-error.js';
import type * as tf from '../tf.js';
import { gatherObjects } from './objects.js';
import type { ProcessGroup } from './process-group.js';

/** Gives every rank the variables of rank 0. @throws PLError PL8006 where names, types or shapes differ */
export function syncVariables(group: ProcessGroup, variables: ReadonlyMap<string, tf.Variable>): void {
  const outline = Array.from(variables, ([name, { dtype, shape }]) => `'${name}' ${dtype} [${shape}]`);
  compareOutlines(gatherObjects(group, outline));
  broadcastVariables(group, [...variables.values()]);
  const digests = gatherObjects(group, digestOf(variables));
  const other = digests.findIndex((digest) => digest !== digests[0]);
  if (other === -1) return;
  throw new PLError(
    'PL8006',
    `the weights of rank ${other} differ from those of rank 0 after they were sent.`,
    {
      hint: 'Something writes to the weights meanwhile, or the memory of this machine is faulty.',
    },
  );
}

/** Replaces the values of variables by those of the rank `root`: one collective for each type. */
export function broadcastVariables(group: ProcessGroup, variables: readonly tf.Variable[], root = 0): void {
  for (const type of new Set(variables.map(({ dtype }) => dtype))) {
    const ofType = variables.filter(({ dtype }) => dtype === type);
    group.broadcast(ofType, root).wait();
  }
}

/** SHA-256 of all values. */
function digestOf(variables: ReadonlyMap<string, tf.Variable>): string {
  const hash = createHash('sha256');
  for (const variable of variables.values()) {
    const { buffer, byteOffset, byteLength } = variable.dataSync();
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest('hex');
}

function compareOutlines(outlines: readonly (readonly string[])[]): void {
  const [first, ...others] = outlines;
  for (const [i, other] of others.entries()) {
    const length = Math.max(first!.length, other.length);
    for (let k = 0; k < length; k++) {
      if (first![k] === other[k]) continue;
      throw new PLError(
        'PL8006',
        `the model of rank ${i + 1} is not that of rank 0: its variable ${k} is ${other[k] ?? 'missing'}, wanted ${first![k] ?? 'none'}.`,
        { hint: 'Build the same model on every rank: from settings, not from what depends on the process.' },
      );
    }
  }
}
