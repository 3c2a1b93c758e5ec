/** Whether a smaller or a larger value of a metric is better. */
export type MonitorMode = 'min' | 'max';

/** The worst value that a metric can have. */
export const worstScore = (mode: MonitorMode): number =>
  mode === 'min' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;

/** Whether score `a` is better than `b`; equal scores are not. */
export const isBetter = (mode: MonitorMode, a: number, b: number): boolean =>
  mode === 'min' ? a < b : a > b;

/** BestCheckpoints as a checkpoint keeps it. */
export interface BestCheckpointsState {
  best_model_score: number | null;
  best_k_models: Record<string, number>;
  kth_best_model_path: string;
  kth_value: number;
}

/** The k best checkpoints by a monitored metric. Among equal scores the oldest counts as both best and worst. */
export class BestCheckpoints {
  bestPath = '';
  bestScore: number | undefined;
  /** The one that gives way to the next; empty until there are k. */
  worstPath = '';
  worstScore: number;
  /** Path → score, oldest first. */
  readonly #scores = new Map<string, number>();

  /** @param k how many to keep, -1 for all */
  constructor(
    readonly k: number,
    readonly mode: MonitorMode,
  ) {
    this.worstScore = worstScore(mode);
  }

  get scores(): ReadonlyMap<string, number> {
    return this.#scores;
  }

  /** Whether a checkpoint with this score is worth keeping. */
  accepts(score: number): boolean {
    if (this.k === -1 || this.#scores.size < this.k) return true;
    return isBetter(this.mode, score, this.worstScore);
  }

  /** Takes out the worst where one more would be too many. @returns its path */
  makeRoom(): string | undefined {
    if (this.k === -1 || this.#scores.size < this.k) return undefined;
    this.#scores.delete(this.worstPath);
    return this.worstPath;
  }

  add(path: string, score: number): void {
    this.#scores.set(path, score);
    if (this.k === -1 || this.#scores.size === this.k) {
      [this.worstPath, this.worstScore] = this.#first((a, b) => isBetter(this.mode, b, a));
    }
    [this.bestPath, this.bestScore] = this.#first((a, b) => isBetter(this.mode, a, b));
  }

  #first(precedes: (a: number, b: number) => boolean): [path: string, score: number] {
    return Array.from(this.#scores).reduce((first, next) => (precedes(next[1], first[1]) ? next : first));
  }

  state(): BestCheckpointsState {
    return {
      best_model_score: this.bestScore ?? null,
      best_k_models: Object.fromEntries(this.#scores),
      kth_best_model_path: this.worstPath,
      kth_value: this.worstScore,
    };
  }

  loadState(state: BestCheckpointsState): void {
    this.#scores.clear();
    for (const [path, score] of Object.entries(state.best_k_models)) {
      this.#scores.set(path, score);
    }
    this.bestScore = state.best_model_score ?? undefined;
    this.worstPath = state.kth_best_model_path;
    this.worstScore = state.kth_value;
  }
}
