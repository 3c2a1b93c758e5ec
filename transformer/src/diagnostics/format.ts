import { relative } from 'node:path';
import type { Diagnostic } from './diagnostic.js';

/** The diagnostics as `tsc` prints them, sorted by place, one on each line. Paths are relative to `root`. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[], root: string): string {
  return sorted(diagnostics)
    .map(({ place, severity, code, message }) => {
      const file = relative(root, place.file).replaceAll('\\', '/');
      return `${file}(${place.line},${place.column}): ${severity} ${code}: ${message}\n`;
    })
    .join('');
}

function sorted(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const before = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return [...diagnostics].sort(
    (a, b) =>
      before(a.place.file, b.place.file) ||
      a.place.line - b.place.line ||
      a.place.column - b.place.column ||
      before(a.code, b.code),
  );
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === 'error');
}
