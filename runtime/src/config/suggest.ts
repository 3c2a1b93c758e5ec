import { distance } from 'fastest-levenshtein';

/** The candidate that `name` was most likely meant to be, or undefined when none is near. Case counts little. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const d = distance(name, candidate) - caseOnlyDifferences(name, candidate);
    if (d < bestDistance) {
      best = candidate;
      bestDistance = d;
    }
  }
  return bestDistance <= Math.max(name.length > 2 ? 2 : 1, Math.floor(name.length / 3)) ? best : undefined;
}

/** How much of the distance comes from capitals alone. */
function caseOnlyDifferences(a: string, b: string): number {
  return Math.max(0, distance(a, b) - distance(a.toLowerCase(), b.toLowerCase()));
}

/** ` Did you mean maxEpochs?`, or nothing. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const suggestion = nearest(name, candidates);
  return suggestion === undefined ? '' : ` Did you mean ${suggestion}?`;
}
