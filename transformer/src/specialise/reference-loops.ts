import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RuntimePackage } from '../discovery/runtime-package.js';

/** The sources of the runtime's loops, the only place where they are written down. */
export interface ReferenceLoops {
  readonly fit: string;
  readonly evaluation: string;
}

export function readReferenceLoops({ root }: RuntimePackage): ReferenceLoops {
  const read = (name: string) => readFileSync(join(root, 'src', 'loops', `${name}.ts`), 'utf8');
  return { fit: read('fit-loop'), evaluation: read('evaluation-loop') };
}
