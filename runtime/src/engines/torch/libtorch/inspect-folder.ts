import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { usesCxx11Abi } from './cxx11-abi.js';
import type { Libtorch, LibtorchCandidate } from './libtorch.js';
import { ncclHeaders } from './nccl-headers.js';
import { isSupported, OLDEST_VERSION, readVersion } from './version.js';

const SUFFIX = process.platform === 'darwin' ? 'dylib' : 'so';

/**
 * Looks whether a folder is a libtorch: an unpacked archive, a Python torch package, the site-packages around one, or
 * a prefix that a package manager installed one under. Undefined where nothing of a libtorch is there.
 */
export function inspectFolder(folder: string, foundBy: string): LibtorchCandidate | undefined {
  const root = rootsIn(folder).find((root) => hasHeaders(root) || libraryFolderOf(root) !== undefined);
  if (root === undefined) return undefined;
  const unusable = (problem: string) => ({ state: 'unusable', root, foundBy, problem }) as const;
  const libraryFolder = libraryFolderOf(root);
  if (libraryFolder === undefined) return unusable(`it has headers, but no libtorch_cpu.${SUFFIX}`);
  if (!hasHeaders(root)) return unusable('its C++ headers are not installed');
  const include = join(root, 'include');
  const includeFolders = [include, join(include, 'torch/csrc/api/include')];
  const version = readVersion(root, includeFolders);
  if (version === undefined) return unusable('it does not tell its version');
  if (!isSupported(version)) return unusable(`version ${version} is too old: ${OLDEST_VERSION} or later`);
  const variant = variantOf(libraryFolder, include);
  const nccl = variant === 'cuda' ? ncclHeaders(root) : undefined;
  const libtorch: Libtorch = {
    root,
    foundBy,
    version,
    variant,
    includeFolders,
    libraryFolder,
    cxx11Abi: usesCxx11Abi(root, libraryFolder),
    c10d: existsSync(join(include, 'torch/csrc/distributed/c10d/ProcessGroupGloo.hpp')),
    ...(nccl !== undefined && { ncclIncludeFolders: nccl }),
    fingerprint: fingerprintOf(libraryFolder)!,
  };
  return { state: 'usable', libtorch };
}

/** Where a libtorch may begin that a folder was named for. */
export function rootsIn(folder: string): string[] {
  return [folder, join(folder, 'libtorch'), join(folder, 'torch')];
}

/** Of the library in that folder now; undefined where there is none. */
export function fingerprintOf(libraryFolder: string): string | undefined {
  const library = statSync(join(libraryFolder, `libtorch_cpu.${SUFFIX}`), { throwIfNoEntry: false });
  return library && `${library.size}-${Math.trunc(library.mtimeMs)}`;
}

function hasHeaders(root: string): boolean {
  return existsSync(join(root, 'include/ATen/ATen.h'));
}

/** Debian has a folder per architecture. */
function libraryFolderOf(root: string): string | undefined {
  const lib = join(root, 'lib');
  const perArchitecture = existsSync(lib)
    ? readdirSync(lib).filter((name) => name.includes('-linux-gnu'))
    : [];
  const folders = [lib, join(root, 'lib64'), ...perArchitecture.map((name) => join(lib, name))];
  return folders.find((folder) => existsSync(join(folder, `libtorch_cpu.${SUFFIX}`)));
}

function variantOf(libraryFolder: string, include: string): Libtorch['variant'] {
  const has = (name: string) => existsSync(join(libraryFolder, `lib${name}.${SUFFIX}`));
  if (has('torch_cuda')) return 'cuda';
  if (has('torch_hip')) return 'rocm';
  return process.platform === 'darwin' && existsSync(join(include, 'ATen/mps/MPSDevice.h')) ? 'mps' : 'cpu';
}
