import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { fakeLibtorch, SUFFIX, write } from '../libtorch/fake-libtorch.test.support.js';
import { loadTorchAddon } from '../load-addon.js';
import { buildTorch, type TorchBuildOptions } from './build-torch.js';
import { cacheFolder } from './cache.js';
import { nativeSources } from './native-sources.js';

// A real compiler and a real Node, and a libtorch that is nothing but its names: an addon takes two seconds.
const hasCompiler = spawnSync('c++', ['--version']).status === 0;

let root: string;
const at = (...path: string[]) => join(root, ...path);

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'torch-build-')));
  if (!hasCompiler) return;
  fakeLibtorch(at('libtorch'));
  for (const name of ['torch_cpu', 'c10']) makeLibrary(name);
});
afterAll(() => rmSync(root, { recursive: true }));

/** A library of the fake libtorch, by default with nothing in it. */
function makeLibrary(name: string, text = ''): void {
  write(root, { 'library.cc': text });
  const library = at(`libtorch/lib/lib${name}.${SUFFIX}`);
  spawnSync('c++', ['-shared', '-fPIC', at('library.cc'), '-o', library], { stdio: 'inherit' });
}

const ADDON = `
#include <ATen/ATen.h>
#include <node_api.h>
#include "product.h"

static napi_value Smoke(napi_env env, napi_callback_info) {
  napi_value result;
  napi_get_boolean(env, product(2, 3) == 6, &result);
  return result;
}

static napi_value Devices(napi_env env, napi_callback_info) {
  napi_value result, cpu;
  napi_create_array(env, &result);
  napi_create_string_utf8(env, "cpu", 3, &cpu);
  napi_set_element(env, result, 0, cpu);
  return result;
}

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "smoke", 5, Smoke, nullptr, &function);
  napi_set_named_property(env, exports, "smoke", function);
  napi_create_function(env, "devices", 7, Devices, nullptr, &function);
  napi_set_named_property(env, exports, "devices", function);
  return exports;
}
`;

beforeEach(() => {
  vi.stubEnv('PL_LIBTORCH', at('libtorch'));
  vi.stubEnv('XDG_CACHE_HOME', at('cache'));
  for (const name of ['CXX', 'CXXFLAGS', 'LDFLAGS']) vi.stubEnv(name, undefined);
  write(root, {
    'native/addon.cc': ADDON,
    'native/product.h': 'int product(int a, int b);\n',
    'native/ops/product.cc': '#include "../product.h"\nint product(int a, int b) { return a * b; }\n',
    'native/other.cc': 'int other() { return 1; }\n',
  });
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(at('native'), { recursive: true });
  rmSync(at('cache'), { recursive: true, force: true });
});

const sources = () => nativeSources(at('native'));

async function build(options: TorchBuildOptions = {}) {
  const lines: string[] = [];
  const built = await buildTorch({ sources: sources(), onPhase: (line) => lines.push(line), ...options });
  return { built, lines };
}

/** What a build says about compiling. */
const compiled = ({ lines }: { lines: string[] }) => lines.find((line) => line.startsWith('compiled'));

const log = () => join(cacheFolder(), 'build.log');

describe.skipIf(!hasCompiler)('pl engine build', () => {
  test('makes an addon that loads, in a folder that says what it is', async () => {
    const { built, lines } = await build();
    expect(lines).toEqual([
      `libtorch 2.3.1 (CPU) in ${at('libtorch')}, found by PL_LIBTORCH`,
      expect.stringMatching(/^\S.*, C\+\+17, \d+ jobs?$/),
      'without c10d: processes can exchange values on one host only',
      expect.stringMatching(/^compiled 3 of 3 sources: [\d.]+ s$/),
      expect.stringMatching(/^linked: [\d.]+ s$/),
      expect.stringMatching(/^tested on cpu: [\d.]+ s$/),
    ]);
    expect(built.path).toMatch(
      new RegExp(
        `/pl-ts/torch/addons/2\\.3\\.1-cpu-napi8-${process.platform}-${process.arch}-[0-9a-f]{16}/pl_torch\\.node$`,
      ),
    );
    expect(built.devices).toEqual(['cpu']);
    expect(readdirSync(dirname(built.path)).sort()).toEqual(['build.json', 'pl_torch.node']);
    expect(readdirSync(join(cacheFolder(), 'tmp'))).toEqual([]);
    expect(existsSync(join(cacheFolder(), 'lock'))).toBe(false);
  });

  test('does nothing the second time, and everything when it is forced to', async () => {
    const first = await build();
    const second = await build();
    expect(second.lines.slice(1)).toEqual(['built already']);
    expect(second.built.path).toBe(first.built.path);
    expect(compiled(await build({ force: true }))).toMatch(/^compiled 3 of 3 sources/);
  });

  test('compiles only what a change reaches', async () => {
    const first = await build();
    write(root, { 'native/other.cc': 'int other() { return 2; }\n' });
    const source = await build();
    expect(compiled(source)).toMatch(/^compiled 1 of 3 sources/);
    expect(source.built.path).not.toBe(first.built.path);
    write(root, { 'native/product.h': '/* two factors */ int product(int a, int b);\n' });
    expect(compiled(await build())).toMatch(/^compiled 2 of 3 sources/);
  });

  test('compiles the headers once where many sources use them, into nothing that stays', async () => {
    await build({ jobs: 3 });
    expect(readFileSync(log(), 'utf8')).not.toContain('c++-header');
    for (let i = 0; i < 2; i++)
      write(root, { [`native/many${i}.cc`]: `int many${i}() { return AT_ANSWER; }\n` });
    const header = at('libtorch/include/ATen/ATen.h');
    writeFileSync(header, '#define AT_ANSWER 42\n');
    try {
      expect(compiled(await build({ jobs: 1, force: true }))).toMatch(/^compiled 5 of 5 sources/);
    } finally {
      writeFileSync(header, '');
    }
    expect(readFileSync(log(), 'utf8')).toContain('c++-header');
    expect(readdirSync(join(cacheFolder(), 'tmp'))).toEqual([]);
  });

  test('is one build when two processes want it', async () => {
    const [one, two] = await Promise.all([build(), build()]);
    const lines = [...one.lines, ...two.lines];
    expect(lines.filter((line) => line.startsWith('compiled'))).toHaveLength(1);
    expect(lines).toContain('waiting for another build');
    expect(lines).toContain('built already');
    expect(one.built.path).toBe(two.built.path);
  });

  test('adds CXXFLAGS and LDFLAGS, which make another addon', async () => {
    const plain = await build();
    vi.stubEnv('CXXFLAGS', '-DFAST -Wall');
    const { built } = await build();
    expect(built.path).not.toBe(plain.built.path);
    expect(readFileSync(log(), 'utf8')).toContain(' -DFAST -Wall ');
  });

  test('takes the C++ standard that the headers want', async () => {
    const header = at('libtorch/include/ATen/ATen.h');
    const check =
      '#if __cplusplus < 202002L\n#error C++20 or later compatible compiler is required to use ATen.\n#endif\n';
    writeFileSync(header, check);
    try {
      expect((await build()).lines[1]).toContain('C++20');
    } finally {
      writeFileSync(header, '');
    }
  });

  test('leaves c10d out where a libtorch has its headers and not its library', async () => {
    const header = at('libtorch/include/torch/csrc/distributed/c10d/ProcessGroupGloo.hpp');
    write(root, { 'libtorch/include/torch/csrc/distributed/c10d/ProcessGroupGloo.hpp': '' });
    try {
      const { built, lines } = await build();
      expect(built.recipe.libtorch.c10d).toBe(false);
      expect(lines).toContain('without c10d: processes can exchange values on one host only');
      makeLibrary(
        'torch_cpu',
        'namespace c10d { struct ProcessGroupGloo { ~ProcessGroupGloo(); };\nProcessGroupGloo::~ProcessGroupGloo() {} }',
      );
      const again = await build({ force: true });
      expect(again.built.recipe.libtorch.c10d).toBe(true);
      expect(again.lines.join()).not.toContain('c10d');
    } finally {
      makeLibrary('torch_cpu');
      rmSync(header);
    }
  });

  test('shows the first error of a compiler that fails, with its place, and where the rest is', async () => {
    write(root, {
      'native/ops/product.cc': '#include "../product.h"\n\nint product(int a, int b) { return a * c; }\n',
    });
    const error = await build().catch((problem) => problem);
    expect(error.format().split('\n')).toEqual([
      'error PL6022: The C++ compiler could not compile ops/product.cc:',
      expect.stringMatching(/^ {2}ops\/product\.cc:3:40: error: .*\bc\b/),
      `  Everything that it said: ${log()}`,
    ]);
    expect(readFileSync(log(), 'utf8')).toContain(error.hint.split('\n')[0]);
  });

  test('shows what the linker says', async () => {
    const library = at(`libtorch/lib/libc10.${SUFFIX}`);
    rmSync(library);
    try {
      await expect(build()).rejects.toMatchObject({
        code: 'PL6022',
        message: 'The C++ compiler could not link the torch engine:',
        hint: expect.stringContaining(library),
      });
    } finally {
      makeLibrary('c10');
    }
  });

  test.each([
    ['smoke() did not return true', 'int product(int a, int b) { return a + b; }'],
    ['SIGABRT', '#include <cstdlib>\nint product(int, int) { abort(); }'],
    ['_Z7productii', ''],
  ])('refuses an addon that does not work: %s', async (cause, product) => {
    write(root, { 'native/ops/product.cc': product });
    await expect(build()).rejects.toMatchObject({ code: 'PL6024', hint: expect.stringContaining(cause) });
    expect(readdirSync(join(cacheFolder(), 'addons'))).toEqual([]);
  });
});

describe('pl engine build refuses', () => {
  test('to go on without libtorch', async () => {
    vi.stubEnv('PL_LIBTORCH', at('nowhere'));
    await expect(build()).rejects.toMatchObject({
      code: 'PL6020',
      message: expect.stringContaining(at('nowhere')),
    });
  });

  test.skipIf(!hasCompiler)('a compiler that is not there', async () => {
    vi.stubEnv('CXX', 'no-such-compiler -m64');
    await expect(build()).rejects.toMatchObject({
      code: 'PL6021',
      message: expect.stringContaining("'no-such-compiler -m64'"),
    });
  });

  test.skipIf(!hasCompiler)('a cache that cannot be written', async () => {
    write(root, { file: '' });
    vi.stubEnv('XDG_CACHE_HOME', at('file'));
    await expect(build()).rejects.toMatchObject({
      code: 'PL6023',
      message: expect.stringContaining(at('file')),
    });
  });
});

describe.skipIf(!hasCompiler)('loadTorchAddon', () => {
  test('says what is missing: the build, libtorch, or its library under the build', async () => {
    expect(loadTorchAddon({ sources: sources() })).toMatchObject({
      state: 'not built',
      libtorch: { root: at('libtorch') },
    });
    await build();
    vi.stubEnv('PL_LIBTORCH', at('nowhere'));
    expect(loadTorchAddon({ sources: sources() })).toMatchObject({
      state: 'missing',
      searched: [{ root: at('nowhere') }],
    });
  });

  test('wants the build of the sources that are there', async () => {
    await build();
    write(root, { 'native/other.cc': 'int other() { return 3; }\n' });
    expect(loadTorchAddon({ sources: sources() }).state).toBe('not built');
  });

  test('tells what keeps a build from loading', async () => {
    const { built } = await build();
    writeFileSync(built.path, 'no library');
    expect(loadTorchAddon({ sources: sources() })).toMatchObject({
      state: 'broken',
      cause: expect.objectContaining({ message: expect.stringContaining('pl_torch.node') }),
    });
  });

  test('ignores a damaged record', async () => {
    const { built } = await build();
    writeFileSync(join(built.path, '../build.json'), '{}');
    expect(loadTorchAddon({ sources: sources() }).state).toBe('not built');
  });

  // The last test of it, because it remembers.
  test('loads a build once, and starts no program for it', async () => {
    await build();
    vi.stubEnv('PATH', '');
    const search = loadTorchAddon({ askPython: true, sources: sources() });
    expect(search).toMatchObject({ state: 'loaded', libtorch: { root: at('libtorch') } });
    expect(search.state === 'loaded' && search.addon.smoke()).toBe(true);
    expect(loadTorchAddon()).toBe(search);
  });
});
