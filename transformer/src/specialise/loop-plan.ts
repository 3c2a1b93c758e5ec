/** How the loop calls one hook of a model. */
export interface BoundHook {
  readonly method: string;
  /** How many arguments the method takes; `Infinity` with a rest parameter. */
  readonly parameters: number;
  /** False where the method's type says that there is nothing to wait for. */
  readonly awaited: boolean;
  /** True where the method's type says that its result cannot be anything but undefined. */
  readonly returnsNothing: boolean;
  /** Per argument the type to convert to, where the loop's own type is wider than the method's. */
  readonly casts?: readonly (string | undefined)[];
}

/** What a reference loop is specialised for. */
export interface LoopPlan {
  readonly functionName: string;
  /** Type of the model, as generated code names it. */
  readonly modelType: string;
  /** Type of a batch, as generated code names it. */
  readonly batchType: string;
  /** The model's hooks, by the name under which the reference loop calls them. */
  readonly hooks: ReadonlyMap<string, BoundHook>;
  /** Properties of the run whose value is known before it runs. */
  readonly facts?: Readonly<Record<string, boolean>>;
  /** First line of the comment in front of the loop. */
  readonly doc: string;
}
