import { PLError } from '../errors/pl-error.js';
import type { TensorData } from './tensor-data.js';

type Described = Pick<TensorData, 'shape'> & { dtype: string };

/**
 * Throws PL3011, which names the first tensors that differ, when a checkpoint's tensors are not the model's.
 *
 * @param options.strict false lets tensors be absent on either side; shapes and types must agree all the same
 */
export function compareState(
  model: ReadonlyMap<string, Described>,
  checkpoint: ReadonlyMap<string, Described>,
  file: string,
  { strict = true }: { strict?: boolean } = {},
): void {
  const missing = strict ? [...model.keys()].filter((name) => !checkpoint.has(name)) : [];
  const unexpected = strict ? [...checkpoint.keys()].filter((name) => !model.has(name)) : [];
  const different: string[] = [];
  for (const [name, wanted] of model) {
    const found = checkpoint.get(name);
    if (found !== undefined && describe(found) !== describe(wanted)) {
      different.push(`${name} (${describe(found)}, the model has ${describe(wanted)})`);
    }
  }
  const lines = [
    ...first('missing in the checkpoint', missing),
    ...first('unknown to the model', unexpected),
    ...first('of another shape or type', different),
  ];
  if (lines.length === 0) return;
  throw new PLError('PL3011', `${file} belongs to another model\n${lines.join('\n')}`, {
    hint: 'Build the model with the hyperparameters that the checkpoint was written with, or pass the checkpoint of this model.',
  });
}

const SHOWN = 3;

function first(what: string, names: string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > SHOWN ? `, and ${names.length - SHOWN} more` : '';
  return [`  ${what}: ${names.slice(0, SHOWN).join(', ')}${more}`];
}

function describe({ dtype, shape }: Described): string {
  return `${dtype} [${shape.join(', ')}]`;
}
