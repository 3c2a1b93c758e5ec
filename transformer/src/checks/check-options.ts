import { type NewExpression, SyntaxKind } from 'ts-morph';
import { findContradictions } from '../config/contradictions.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { placeOf } from '../diagnostics/place.js';
import { RunRefusal } from '../diagnostics/run-refusal.js';
import type { RuntimeSymbols } from '../discovery/runtime-symbols.js';
import { readOptions } from '../discovery/written-options.js';
import type { Check } from './check.js';

/** Classes of the runtime whose constructors take settings, and the group that these belong to. */
const groups: ReadonlyMap<string | undefined, string> = new Map([
  ['Trainer', 'trainer'],
  ['ModelCheckpoint', 'checkpoint'],
]);

/** Options that are written out in the code make sense, alone and together. */
export const checkOptions: Check = ({ files, runtime }) =>
  files
    .flatMap((file) => file.getDescendantsOfKind(SyntaxKind.NewExpression))
    .flatMap((created) => {
      const group = groups.get(runtime.nameOf(created.getExpression()));
      return group === undefined ? [] : refusals(created, group, runtime);
    });

function refusals(created: NewExpression, group: string, runtime: RuntimeSymbols): Diagnostic[] {
  const options = readOptions(created.getArguments()[0], group, runtime);
  if (options === undefined) return [];
  return findContradictions(options)
    .filter(({ certain }) => certain || !options.open)
    .map(({ problem, place }) => new RunRefusal(placeOf(place), problem));
}
