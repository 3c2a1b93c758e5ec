import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const OLDEST_VERSION = '1.13';

/** The version of the libtorch in a folder, the most exact source first: with `+cu132` where it is told. */
export function readVersion(root: string, includeFolders: readonly string[]): string | undefined {
  const archive = read(join(root, 'build-version'))?.trim();
  const python = /^__version__ = ['"](.+)['"]/m.exec(read(join(root, 'version.py')) ?? '')?.[1];
  return archive || python || includeFolders.map(readHeader).find((version) => version !== undefined);
}

export function isSupported(version: string): boolean {
  const [major, minor] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [oldestMajor, oldestMinor] = OLDEST_VERSION.split('.').map(Number);
  return major! > oldestMajor! || (major === oldestMajor && minor! >= oldestMinor!);
}

/** In newer versions the one header includes the other. */
function readHeader(includeFolder: string): string | undefined {
  for (const header of ['torch/version.h', 'torch/headeronly/version.h']) {
    const text = read(join(includeFolder, header)) ?? '';
    const numbers = ['MAJOR', 'MINOR', 'PATCH'].map(
      (part) => new RegExp(`^#define TORCH_VERSION_${part} (\\d+)`, 'm').exec(text)?.[1],
    );
    if (!numbers.includes(undefined)) return numbers.join('.');
  }
  return undefined;
}

function read(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
