import { closest, distance } from 'fastest-levenshtein';

/** ` Did you mean 'x'?` when a candidate is near enough to be a misspelling, else nothing. */
export function didYouMean(name: string, candidates: readonly string[]): string {
  if (candidates.length === 0) return '';
  const candidate = closest(name, candidates);
  const isNear = distance(name, candidate) <= Math.max(1, Math.floor(name.length / 3));
  return isNear ? ` Did you mean '${candidate}'?` : '';
}
