import { describe, expect, test } from 'vitest';
import { compilerFailure } from './compiler-failure.js';

/** The three lines, for a compiler that ended with that output. */
const lines = (output: string, signal?: NodeJS.Signals) =>
  compilerFailure('compile a.cc', { code: signal ? undefined : 1, signal, output }, '/cache/build.log')
    .format()
    .split('\n');

const refused = (cause: string) => [
  'error PL6022: The C++ compiler could not compile a.cc:',
  `  ${cause}`,
  '  Everything that it said: /cache/build.log',
];

// Messages of GCC 12, Clang 14, GNU ld 2.40 and Apple's ld.
describe('a compiler that fails is quoted with what tells most', () => {
  test.each([
    [
      "In file included from a.cc:1:\na.h:3:9: warning: unused variable 'x'\na.cc:7:3: error: 'foo' was not declared\na.cc:9:1: error: expected '}'\n",
      "a.cc:7:3: error: 'foo' was not declared",
    ],
    [
      'a.cc:1:10: fatal error: ATen/ATen.h: No such file or directory\ncompilation terminated.\n',
      'a.cc:1:10: fatal error: ATen/ATen.h: No such file or directory',
    ],
    [
      "/usr/bin/ld: a.o: in function `pl::f()':\na.cc:(.text+0x5): undefined reference to `at::g()'\ncollect2: error: ld returned 1 exit status\n",
      "a.cc:(.text+0x5): undefined reference to `at::g()'",
    ],
    [
      'ld: library not found for -lc10\nclang: error: linker command failed with exit code 1 (use -v to see invocation)\n',
      'ld: library not found for -lc10',
    ],
    ['\nsomething odd\n', 'something odd'],
    ['', 'it said nothing'],
  ])('%j', (output, cause) => {
    expect(lines(output)).toEqual(refused(cause));
  });

  test('a missing header brings the remedy where there is a usual one', () => {
    const [, standard] = lines("a.cc:1:10: fatal error: 'memory' file not found\n");
    expect(standard).toMatch(/'memory' file not found \(.*apt-get install g\+\+\)$/);
    const [, cuda] = lines('c.h:3:10: fatal error: cuda_runtime_api.h: No such file or directory\n');
    expect(cuda).toMatch(/No such file or directory \(CUDA's headers .*CXXFLAGS/);
  });
});

test.each([
  ['c++: fatal error: Killed signal terminated program cc1plus\ncompilation terminated.\n', undefined],
  ['cc1plus: out of memory allocating 65536 bytes after a total of 790528 bytes\n', undefined],
  ['', 'SIGKILL' as const],
])('a compiler that the memory did not suffice for is told to work alone: %j', (output, signal) => {
  expect(lines(output, signal)).toEqual(
    refused('it was killed; if the memory was full: pl engine build --jobs 1'),
  );
});

test('a full disk is not the fault of the sources', () => {
  const error = compilerFailure(
    'link the torch engine',
    { code: 1, signal: undefined, output: '/usr/bin/ld: final link failed: No space left on device\n' },
    '/cache/build.log',
  );
  expect(error).toMatchObject({ code: 'PL6023', hint: expect.stringContaining('XDG_CACHE_HOME') });
});
