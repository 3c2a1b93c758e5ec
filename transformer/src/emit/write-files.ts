import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BANNER, type GeneratedFile } from './generated-file.js';

/** What is different between the generated files and what is on disk. */
export interface Changes {
  readonly written: readonly GeneratedFile[];
  /** Absolute paths of generated files that nothing generates any more. */
  readonly removed: readonly string[];
}

export function findChanges(files: readonly GeneratedFile[], outDir: string): Changes {
  const wanted = new Set(files.map(({ path }) => path));
  const present = existsSync(outDir) ? readdirSync(outDir).map((name) => join(outDir, name)) : [];
  return {
    written: files.filter(({ path, text }) => !existsSync(path) || readFileSync(path, 'utf8') !== text),
    removed: present.filter((path) => path.endsWith('.ts') && !wanted.has(path) && isGenerated(path)),
  };
}

/** Only what begins with the banner is the compiler's to remove. */
function isGenerated(path: string): boolean {
  return readFileSync(path, 'utf8').startsWith(BANNER);
}

export function applyChanges({ written, removed }: Changes): void {
  for (const { path, text } of written) {
    mkdirSync(dirname(path), { recursive: true });
    const unfinished = `${path}.tmp`;
    writeFileSync(unfinished, text);
    renameSync(unfinished, path);
  }
  for (const path of removed) rmSync(path);
}
