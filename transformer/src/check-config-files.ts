import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigDefinition } from '@pl-ts/runtime/config';
import type { Analysis } from './analysis.js';
import { type Contradiction, findContradictions, type GivenSettings } from './config/contradictions.js';
import { checkConfigFile } from './config/index.js';
import type { Diagnostic, Place } from './diagnostics/diagnostic.js';
import { placeOf } from './diagnostics/place.js';
import { RunRefusal } from './diagnostics/run-refusal.js';
import { callbackKinds, callbacksPath } from './discovery/callback-kinds.js';
import { readOptions } from './discovery/written-options.js';
import { loopFacts } from './emit/loop-facts.js';
import { programClasses } from './program-classes.js';

/**
 * What is wrong in the configuration files at a project's root, and in the settings that the program fixes in
 * `main({ trainer })`, which win over them.
 */
export function checkConfigFiles(
  analysis: Analysis,
  root: string,
  definition: ConfigDefinition,
): Diagnostic[] {
  const { module } = programClasses(analysis);
  const manual = module !== undefined && loopFacts(module).automaticOptimization === false;
  const fixed = settingsOfMain(analysis);
  const inCode = findContradictions(fixed, manual);
  const files = ['config.yaml', 'config.yml', 'config.json']
    .map((name) => join(root, name))
    .filter(existsSync);
  return [
    ...inCode.map(refusal),
    ...files.flatMap((file) => {
      const { problems, settings } = checkConfigFile(readFileSync(file, 'utf8'), file, definition);
      const together = findContradictions(merged(settings, fixed), manual);
      return [
        ...problems.map(({ place, ...problem }) => new RunRefusal(place, problem)),
        ...together
          .filter(({ problem }) => !inCode.some((found) => found.problem.message === problem.message))
          .map(refusal),
      ];
    }),
  ];
}

/** What another source could still put right is a warning. */
function refusal({ problem, place, certain }: Contradiction<Place>): Diagnostic {
  return new RunRefusal(place, problem, certain ? 'error' : 'warning');
}

function settingsOfMain({ mainCalls: [main], runtime }: Analysis): GivenSettings<Place> {
  const { values, hidden } = readOptions(main?.trainer, 'trainer', runtime) ?? { values: [], hidden: [] };
  const places = [...values].map(
    ([path, { value, place }]) => [path, { value, place: placeOf(place) }] as const,
  );
  const callbacks = main?.callbacks;
  return {
    values: new Map([
      ...places,
      ...(callbacks === undefined
        ? []
        : [
            [callbacksPath, { value: callbackKinds(callbacks, runtime), place: placeOf(callbacks) }] as const,
          ]),
    ]),
    hidden: new Set(hidden),
  };
}

/** Both, where the second wins. */
function merged(weak: GivenSettings<Place>, { values, hidden }: GivenSettings<Place>): GivenSettings<Place> {
  const kept = [...weak.values].filter(([path]) => !hidden.has(path));
  return { values: new Map([...kept, ...values]), hidden: new Set([...weak.hidden, ...hidden]) };
}
