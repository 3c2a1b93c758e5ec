import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const SUFFIX = process.platform === 'darwin' ? 'dylib' : 'so';

/** Writes files below a folder, and the folders that they need. */
export function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

export const versionHeader = (major: number, minor: number, patch: number) =>
  [
    `#define TORCH_VERSION_MAJOR ${major}`,
    `#define TORCH_VERSION_MINOR ${minor}`,
    `#define TORCH_VERSION_PATCH ${patch}`,
  ].join('\n');

/** The files that make a folder a libtorch, with libraries that are none. */
export function fakeLibtorch(folder: string, files: Readonly<Record<string, string>> = {}): void {
  write(folder, {
    'include/ATen/ATen.h': '',
    'include/torch/csrc/api/include/torch/version.h': versionHeader(2, 3, 1),
    [`lib/libtorch_cpu.${SUFFIX}`]: '',
    ...files,
  });
}
