import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Libtorch } from '../libtorch/libtorch.js';
import type { NativeSources } from './native-sources.js';

/** The version of Node-API that the addon uses; every Node that this project runs on has it. */
const NODE_API = 8;

export const CPP_STANDARDS = ['c++17', 'c++20'] as const;
export type CppStandard = (typeof CPP_STANDARDS)[number];

/** All that an addon depends on besides its sources. */
export interface Recipe {
  libtorch: Libtorch;
  standard: CppStandard;
  /** What the user adds: `CXXFLAGS` and `LDFLAGS`, as make and others take them. */
  userFlags: { compile: readonly string[]; link: readonly string[] };
}

export function userFlags(env: NodeJS.ProcessEnv = process.env): Recipe['userFlags'] {
  const words = (text = '') => text.split(/\s+/).filter((word) => word !== '');
  return { compile: words(env.CXXFLAGS), link: words(env.LDFLAGS) };
}

/** How the compiler is called for each source, but for the folders of Node's headers. */
export function compileFlags({ libtorch, standard, userFlags }: Recipe): string[] {
  return [
    `-std=${standard}`,
    // Without NDEBUG, libtorch's headers check more than the libraries that belong to them.
    ...['-O2', '-DNDEBUG', '-fPIC', '-fvisibility=hidden', '-pipe'],
    `-DNAPI_VERSION=${NODE_API}`,
    ...(process.platform === 'linux' ? [`-D_GLIBCXX_USE_CXX11_ABI=${Number(libtorch.cxx11Abi)}`] : []),
    ...(libtorch.c10d ? ['-DUSE_DISTRIBUTED', '-DUSE_C10D', '-DUSE_C10D_GLOO'] : []),
    ...(usesNccl(libtorch) ? ['-DUSE_C10D_NCCL'] : []),
    ...includeFlags([...libtorch.includeFolders, ...(libtorch.ncclIncludeFolders ?? [])]),
    ...userFlags.compile,
  ];
}

function usesNccl({ c10d, ncclIncludeFolders }: Libtorch): boolean {
  return c10d && ncclIncludeFolders !== undefined;
}

/** A folder of the system must not be named: its headers would move in the search, away from each other. */
export function includeFlags(folders: readonly string[]): string[] {
  return folders
    .filter((folder) => folder !== '/usr/include' && folder !== '/usr/local/include')
    .flatMap((folder) => ['-isystem', folder]);
}

export function linkFlags({ libtorch, userFlags }: Recipe): string[] {
  const { libraryFolder, variant } = libtorch;
  const onMac = process.platform === 'darwin';
  // By their paths, because the linker would also take libraries of that name from elsewhere.
  const library = (name: string) => join(libraryFolder, `lib${name}.${onMac ? 'dylib' : 'so'}`);
  const device = { cpu: [], mps: [], cuda: ['torch_cuda', 'c10_cuda'], rocm: ['torch_hip', 'c10_hip'] };
  return [
    // Bound at once, what is missing is an error while loading; bound late, it would end the process. Never unloaded,
    // because threads of collectives may be held up for longer than the worker thread lives that loaded it.
    ...(onMac ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared', '-Wl,-z,now,-z,nodelete']),
    `-Wl,-rpath,${libraryFolder}`,
    // The device's library is used through what it registers, never by name.
    ...(onMac || variant === 'cpu' ? [] : ['-Wl,--no-as-needed']),
    ...[...device[variant], 'torch_cpu', 'c10'].map(library),
    ...userFlags.link,
  ];
}

/** Names the addon that sources and recipe give: the same name, the same addon. */
export function addonName(sources: NativeSources, recipe: Recipe): string {
  const { version, variant, fingerprint } = recipe.libtorch;
  const hash = createHash('sha256');
  hash.update(JSON.stringify([sources.hash, fingerprint, compileFlags(recipe), linkFlags(recipe)]));
  const parts = [version, variant, `napi${NODE_API}`, process.platform, process.arch];
  return [...parts, hash.digest('hex').slice(0, 16)].join('-');
}
