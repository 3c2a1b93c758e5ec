let rank = 0;

/** The rank of this process in its run; 0 until a trainer has looked, and where there is one process only. */
export function processRank(): number {
  return rank;
}

export function setProcessRank(globalRank: number): void {
  rank = globalRank;
}

/**
 * A function that runs on the first process only; on the others it does nothing.
 *
 * @example
 * ```ts
 * const report = rankZeroOnly((text: string) => console.log(text));
 * ```
 */
export function rankZeroOnly<Args extends unknown[], Result>(
  f: (...args: Args) => Result,
): (...args: Args) => Result | undefined {
  return (...args) => (rank === 0 ? f(...args) : undefined);
}
