import { describe, expect, test } from 'vitest';
import type { Libtorch } from '../libtorch/libtorch.js';
import type { NativeSources } from './native-sources.js';
import { addonName, compileFlags, linkFlags, type Recipe, userFlags } from './recipe.js';

const libtorch: Libtorch = {
  root: '/opt/libtorch',
  foundBy: '/opt/libtorch',
  version: '2.3.1+cu121',
  variant: 'cuda',
  includeFolders: ['/opt/libtorch/include', '/opt/libtorch/include/torch/csrc/api/include'],
  libraryFolder: '/opt/libtorch/lib',
  cxx11Abi: false,
  c10d: false,
  fingerprint: '1-1',
};
const recipe = (changes: Partial<Libtorch> = {}): Recipe => ({
  libtorch: { ...libtorch, ...changes },
  standard: 'c++17',
  userFlags: { compile: [], link: [] },
});

describe.runIf(process.platform === 'linux')('flags on Linux', () => {
  test('follow the ABI and the folders of libtorch', () => {
    const flags = compileFlags(recipe());
    expect(flags).toContain('-D_GLIBCXX_USE_CXX11_ABI=0');
    expect(flags.join(' ')).toContain(
      '-isystem /opt/libtorch/include -isystem /opt/libtorch/include/torch/csrc/api',
    );
  });

  test("never name the system's own folder of headers", () => {
    const flags = compileFlags(
      recipe({ includeFolders: ['/usr/include', '/usr/include/torch/csrc/api/include'] }),
    );
    expect(flags.filter((flag) => flag.startsWith('/usr'))).toEqual(['/usr/include/torch/csrc/api/include']);
  });

  test('keep the library of the GPU, which nothing calls by name', () => {
    const flags = linkFlags(recipe());
    const keep = flags.indexOf('-Wl,--no-as-needed');
    expect(keep).toBeGreaterThan(-1);
    expect(flags.indexOf('/opt/libtorch/lib/libtorch_cuda.so')).toBeGreaterThan(keep);
    expect(linkFlags(recipe({ variant: 'cpu' })).join()).not.toMatch(/needed|cuda/);
    expect(linkFlags(recipe({ variant: 'rocm' }))).toContain('/opt/libtorch/lib/libtorch_hip.so');
  });

  test('bind everything at once, and keep the addon in the process when the thread that loaded it ends', () => {
    expect(linkFlags(recipe())).toContain('-Wl,-z,now,-z,nodelete');
  });

  test('switch c10d on where it is, and NCCL where its headers are', () => {
    expect(compileFlags(recipe()).join()).not.toContain('C10D');
    expect(compileFlags(recipe({ c10d: true }))).toContain('-DUSE_C10D_GLOO');
    expect(compileFlags(recipe({ c10d: true }))).not.toContain('-DUSE_C10D_NCCL');
    const flags = compileFlags(recipe({ c10d: true, ncclIncludeFolders: ['/opt/cuda/include'] }));
    expect(flags).toContain('-DUSE_C10D_NCCL');
    expect(flags.join(' ')).toContain('-isystem /opt/cuda/include');
  });
});

test('CXXFLAGS and LDFLAGS are lists, as in make; they come last, so that they win', () => {
  const flags = userFlags({ CXXFLAGS: ' -O3  -g ', LDFLAGS: '-fuse-ld=gold' });
  expect(flags).toEqual({ compile: ['-O3', '-g'], link: ['-fuse-ld=gold'] });
  expect(compileFlags({ ...recipe(), userFlags: flags }).slice(-2)).toEqual(['-O3', '-g']);
  expect(linkFlags({ ...recipe(), userFlags: flags }).at(-1)).toBe('-fuse-ld=gold');
});

test('the name of an addon tells what it is for, and changes with sources, flags and libtorch', () => {
  const sources = { hash: 'abc' } as NativeSources;
  const name = addonName(sources, recipe());
  expect(name).toMatch(
    new RegExp(`^2\\.3\\.1\\+cu121-cuda-napi8-${process.platform}-${process.arch}-[0-9a-f]{16}$`),
  );
  expect(addonName(sources, JSON.parse(JSON.stringify(recipe())))).toBe(name);
  const others = [
    addonName({ hash: 'abd' } as NativeSources, recipe()),
    addonName(sources, { ...recipe(), standard: 'c++20' }),
    addonName(sources, recipe({ fingerprint: '1-2' })),
    addonName(sources, recipe({ libraryFolder: '/opt/other/lib' })),
  ];
  expect(new Set([name, ...others]).size).toBe(5);
});
