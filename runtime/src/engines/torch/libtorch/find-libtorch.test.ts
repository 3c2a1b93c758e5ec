import { chmodSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fakeLibtorch, SUFFIX, versionHeader, write } from './fake-libtorch.test.support.js';
import { findLibtorch } from './find-libtorch.js';
import { describeLibtorch, describeMissing, libtorchAdvice } from './libtorch.js';
import { ncclHeaders } from './nccl-headers.js';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'libtorch-')));
});
afterEach(() => rmSync(root, { recursive: true }));

const at = (...path: string[]) => join(root, ...path);

/** Looks in these folders of the test's own. */
const findIn = (...folders: string[]) =>
  findLibtorch({ env: {}, folders: folders.map((folder) => at(folder)), askPython: false });

describe('an unpacked archive', () => {
  test('tells its folders, and its version with what it was built for', () => {
    fakeLibtorch(at('libtorch'), { 'build-version': '2.3.1+cu121\n', [`lib/libtorch_cuda.${SUFFIX}`]: '' });
    const { libtorch } = findIn('libtorch');
    expect(libtorch).toMatchObject({
      root: at('libtorch'),
      version: '2.3.1+cu121',
      variant: 'cuda',
      includeFolders: [at('libtorch/include'), at('libtorch/include/torch/csrc/api/include')],
      libraryFolder: at('libtorch/lib'),
      cxx11Abi: true,
      c10d: false,
    });
    expect(describeLibtorch(libtorch!)).toBe(`libtorch 2.3.1+cu121 (CUDA) in ${at('libtorch')}`);
  });

  test('may lie in the folder that was named', () => {
    fakeLibtorch(at('downloads/libtorch'));
    expect(findIn('downloads').libtorch).toMatchObject({ root: at('downloads/libtorch'), version: '2.3.1' });
  });

  test.each(['torch_hip', 'torch_cuda', 'torch'])('with lib%s computes on what that is for', (library) => {
    fakeLibtorch(root, { [`lib/lib${library}.${SUFFIX}`]: '' });
    const variant = { torch_hip: 'rocm', torch_cuda: 'cuda', torch: 'cpu' }[library];
    expect(findIn('').libtorch).toMatchObject({ variant });
  });

  test('newer ones keep the version in another header', () => {
    fakeLibtorch(root, {
      'include/torch/csrc/api/include/torch/version.h': '#include <torch/headeronly/version.h>',
      'include/torch/headeronly/version.h': versionHeader(2, 14, 0),
    });
    expect(findIn('').libtorch).toMatchObject({ version: '2.14.0' });
  });
});

test('a prefix has a folder for the libraries of each architecture, and c10d where its headers are', () => {
  write(root, {
    'usr/include/ATen/ATen.h': '',
    'usr/include/torch/csrc/api/include/torch/version.h': versionHeader(1, 13, 0),
    'usr/include/torch/csrc/distributed/c10d/ProcessGroupGloo.hpp': '',
    [`usr/lib/x86_64-linux-gnu/libtorch_cpu.${SUFFIX}`]: '',
  });
  expect(findIn('usr').libtorch).toMatchObject({
    version: '1.13.0',
    libraryFolder: at('usr/lib/x86_64-linux-gnu'),
    c10d: true,
  });
});

describe('NCCL of a libtorch for CUDA', () => {
  const headers = [
    'nccl/include/nccl.h',
    'cuda_runtime/include/cuda_runtime_api.h',
    'cublas/include/cublas_v2.h',
  ];
  const others = ['cusparse/include/cusparse.h', 'cusolver/include/cusolverDn.h'];
  const install = (paths: readonly string[]) =>
    write(at('site-packages/nvidia'), Object.fromEntries(paths.map((path) => [path, ''])));

  test('can be used where the Python packages beside it have all headers', () => {
    fakeLibtorch(at('site-packages/torch'), { [`lib/libtorch_cuda.${SUFFIX}`]: '' });
    install(headers);
    expect(ncclHeaders(at('site-packages/torch'), { CUDA_HOME: at('cuda') })).toBeUndefined();
    write(at('cuda'), { 'include/cusparse.h': '', 'include/cusolverDn.h': '' });
    const folders = headers.map((path) => at('site-packages/nvidia', dirname(path)));
    expect(ncclHeaders(at('site-packages/torch'), { CUDA_HOME: at('cuda') })).toEqual([
      ...folders,
      at('cuda/include'),
    ]);
    install(others);
    expect(findIn('site-packages/torch').libtorch).toMatchObject({
      ncclIncludeFolders: expect.arrayContaining(folders),
    });
  });
});

describe("libstdc++'s ABI", () => {
  test.each([
    [
      'its CMake configuration',
      'share/cmake/Torch/TorchConfig.cmake',
      'set(F "-D_GLIBCXX_USE_CXX11_ABI=0")',
      false,
    ],
    [
      'its CMake configuration',
      'lib/cmake/Torch/TorchConfig.cmake',
      'set(F "-D_GLIBCXX_USE_CXX11_ABI=1")',
      true,
    ],
    ['its symbols', 'lib/libc10.so', '\0_ZN3c105ErrorC1ENS_14SourceLocationESs\0', false],
    [
      'its symbols',
      'lib/libc10.so',
      '\0_ZN3c105ErrorC1ENS_14SourceLocationENSt7__cxx1112basic_string\0',
      true,
    ],
  ])('is known from %s (%s)', (_, path, text, cxx11Abi) => {
    fakeLibtorch(root, { [path]: text });
    expect(findIn('').libtorch).toMatchObject({ cxx11Abi });
  });
});

describe('what cannot be used is passed over, with the reason', () => {
  test.each([
    ['version 1.12.1 is too old', { 'build-version': '1.12.1' }],
    ['it does not tell its version', { 'include/torch/csrc/api/include/torch/version.h': '' }],
  ])('%s', (problem, files) => {
    fakeLibtorch(at('one'), files);
    fakeLibtorch(at('two'));
    const { libtorch, unusable } = findIn('one', 'none', 'two');
    expect(libtorch).toMatchObject({ root: at('two') });
    expect(unusable).toEqual([
      { root: at('one'), foundBy: at('one'), problem: expect.stringContaining(problem) },
    ]);
  });

  test('no headers, no libraries', () => {
    write(at('one'), { [`lib/libtorch_cpu.${SUFFIX}`]: '' });
    write(at('two'), { 'include/ATen/ATen.h': '' });
    const { libtorch, unusable } = findIn('one', 'two');
    expect(libtorch).toBeUndefined();
    expect(describeMissing(unusable)).toBe(
      `the one in ${at('one')} cannot be used (its C++ headers are not installed), ` +
        `the one in ${at('two')} cannot be used (it has headers, but no libtorch_cpu.${SUFFIX})`,
    );
  });

  test('nothing at all', () => {
    const { unusable } = findIn('none');
    expect(describeMissing(unusable)).toBe('none was found');
    expect(libtorchAdvice(unusable)).toContain('pip install torch');
  });
});

describe('PL_LIBTORCH', () => {
  const find = (folder: string) =>
    findLibtorch({ env: { PL_LIBTORCH: folder }, folders: [at('usual')], askPython: false });

  test('decides', () => {
    fakeLibtorch(at('mine'));
    fakeLibtorch(at('usual'));
    expect(find(at('mine')).libtorch).toMatchObject({ root: at('mine'), foundBy: 'PL_LIBTORCH' });
  });

  test('decides also when it is wrong', () => {
    fakeLibtorch(at('usual'));
    const { libtorch, unusable } = find(at('mine'));
    expect(libtorch).toBeUndefined();
    expect(describeMissing(unusable)).toBe(
      `the one in ${at('mine')} cannot be used (there is no libtorch in this folder)`,
    );
    expect(libtorchAdvice(unusable)).toContain('PL_LIBTORCH');
  });
});

describe('the torch of a Python', () => {
  /** A virtual environment whose Python says that it would import that torch. */
  function environment(torchPackage: string): NodeJS.ProcessEnv {
    write(at('venv'), { 'bin/python3': `#!/bin/sh\nprintf '%s' '${join(torchPackage, '__init__.py')}'\n` });
    chmodSync(at('venv/bin/python3'), 0o755);
    return { VIRTUAL_ENV: at('venv') };
  }

  test('comes before the usual folders', () => {
    fakeLibtorch(at('site-packages/torch'), { 'version.py': "__version__ = '2.4.0+cpu'\ndebug = False\n" });
    fakeLibtorch(at('usual'));
    const { libtorch } = findLibtorch({
      env: environment(at('site-packages/torch')),
      folders: [at('usual')],
    });
    expect(libtorch).toMatchObject({
      root: at('site-packages/torch'),
      version: '2.4.0+cpu',
      foundBy: at('venv/bin/python3'),
    });
  });

  test('may be links to the libraries of a distribution', () => {
    fakeLibtorch(at('usr'));
    mkdirSync(at('usr/lib/python3/torch/lib'), { recursive: true });
    symlinkSync(at(`usr/lib/libtorch_cpu.${SUFFIX}`), at('usr/lib/python3/torch/lib/libtorch_cpu.so'));
    const { libtorch } = findLibtorch({ env: environment(at('usr/lib/python3/torch')), folders: [] });
    expect(libtorch).toMatchObject({ root: at('usr'), libraryFolder: at('usr/lib') });
  });

  test('without the headers of the distribution is not usable', () => {
    write(root, { [`usr/lib/libtorch_cpu.${SUFFIX}`]: '' });
    mkdirSync(at('python/torch/lib'), { recursive: true });
    symlinkSync(at(`usr/lib/libtorch_cpu.${SUFFIX}`), at(`python/torch/lib/libtorch_cpu.${SUFFIX}`));
    const { unusable } = findLibtorch({ env: environment(at('python/torch')), folders: [] });
    expect(unusable[0]).toMatchObject({
      root: at('python/torch'),
      problem: 'its C++ headers are not installed',
    });
  });

  test('is not asked for when no program may be started', () => {
    fakeLibtorch(at('torch'));
    expect(findLibtorch({ env: environment(at('torch')), folders: [], askPython: false })).toEqual({
      unusable: [],
    });
  });
});

test("Debian's libtorch-dev is found where it is", ({ skip }) => {
  skip(!existsSync('/usr/include/ATen/ATen.h'), 'libtorch-dev is not installed');
  const { libtorch } = findLibtorch({ env: {}, askPython: false });
  expect(libtorch).toMatchObject({ root: '/usr', foundBy: '/usr', cxx11Abi: true });
  expect(libtorch!.version).toMatch(/^\d+\.\d+\.\d+$/);
});
