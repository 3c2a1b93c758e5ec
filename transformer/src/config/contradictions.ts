import {
  callbackProblems,
  manualOptimizationProblems,
  namedSettings,
  optionProblems,
  overriddenCheckpointProblems,
  PLError,
  resolveModelCheckpointOptions,
  resolveTrainerConfig,
  type SwitchedCallback,
} from '@pl-ts/runtime/rules';

/** Settings of the groups `trainer` and `checkpoint` as one source gives them; `trainer.callbacks` are their kinds. */
export interface GivenSettings<Place> {
  /** Value and place by path, such as `trainer.maxEpochs`. */
  readonly values: ReadonlyMap<string, { readonly value: unknown; readonly place: Place }>;
  /** Paths of settings that have another value, which only a run can tell. */
  readonly hidden: ReadonlySet<string>;
}

export interface Contradiction<Place> {
  readonly problem: PLError;
  readonly place: Place;
  /** Whether every setting that it speaks of is given: none of them can come from another source. */
  readonly certain: boolean;
}

/**
 * What a run would refuse in settings whose values fit their schema each for itself, by the run's own rules.
 *
 * @param manual whether the module optimizes itself
 */
export function findContradictions<Place>(
  { values, hidden }: GivenSettings<Place>,
  manual = false,
): Contradiction<Place>[] {
  const group = (name: string): Record<string, unknown> =>
    Object.fromEntries(
      [...values]
        .filter(([path]) => path.startsWith(`${name}.`))
        .map(([path, { value }]) => [path.slice(name.length + 1), value]),
    );
  const { callbacks = [], ...trainer }: { callbacks?: readonly SwitchedCallback[] } = group('trainer');
  const checkpoint = group('checkpoint');
  const problems = [
    ...optionProblems(trainer),
    ...(manual ? manualOptimizationProblems(resolveTrainerConfig(trainer)) : []),
    ...callbackProblems(callbacks, trainer),
    ...checkpointProblems(checkpoint),
    ...overriddenCheckpointProblems(
      callbacks,
      Object.keys(checkpoint).map((name) => `checkpoint.${name}`),
    ),
  ];
  return problems.flatMap((problem) => {
    const named = namedSettings(problem.message);
    const given = named.filter((path) => values.has(path));
    // Where two contradict each other, the second is the one that had to fit the first.
    const last = given.at(-1);
    if (last === undefined || [...named, ...overriding].some((path) => hidden.has(path))) return [];
    return [{ problem, place: values.get(last)!.place, certain: given.length === named.length }];
  });
}

/** Settings that change others. */
const overriding = ['trainer.fastDevRun', 'trainer.barebones'];

function checkpointProblems(options: object): PLError[] {
  try {
    resolveModelCheckpointOptions(options);
    return [];
  } catch (error) {
    if (error instanceof PLError) return [error];
    throw error;
  }
}
