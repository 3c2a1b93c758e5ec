import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { firstHost, taskCounts } from './slurm-lists.js';

describe('firstHost', () => {
  // What `scontrol show hostnames` prints first, by SLURM's documentation of hostlist expressions.
  test.each([
    ['host0', 'host0'],
    ['host0,host1,host3', 'host0'],
    ['host0 host1', 'host0'],
    ['host[5-9]', 'host5'],
    ['host[5-9],other', 'host5'],
    ['host[7]', 'host7'],
    ['gpu[003-007,012],login1', 'gpu003'],
    ['gpu[12,3-4]', 'gpu12'],
    ['rack[0-1]node[2-3]', 'rack0node2'],
    ['node[1-2]-ib,x', 'node1-ib'],
    ['alpha,beta[1-2]', 'alpha'],
    ['c-1-[04-05].example.org', 'c-1-04.example.org'],
    ['[01-02]-gpu', '01-gpu'],
    ['10.0.0.5', '10.0.0.5'],
  ])('of %s is %s', (list, host) => {
    expect(firstHost('SLURM_JOB_NODELIST', list)).toBe(host);
  });

  test.each(['', ' ', ',', 'a[1-2', 'a]1[', 'a[]', 'a[1', '[', 'a[-2]'])("refuses '%s'", (list) => {
    expect(() => firstHost('SLURM_JOB_NODELIST', list)).toThrow(expect.objectContaining({ code: 'PL8102' }));
  });

  test('is the first of any list that it is given in short form', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,6}[a-z]$/);
    const number = fc.nat(99);
    fc.assert(
      fc.property(name, number, number, fc.array(name, { maxLength: 3 }), (prefix, from, more, others) => {
        const first = String(from).padStart(3, '0');
        const list = [`${prefix}[${first}-${String(from + more).padStart(3, '0')}]`, ...others].join(',');
        expect(firstHost('SLURM_JOB_NODELIST', list)).toBe(prefix + first);
      }),
    );
  });
});

describe('taskCounts', () => {
  test.each([
    ['4', [4]],
    ['2(x3),1', [2, 2, 2, 1]],
    ['1,2', [1, 2]],
  ])('of %s', (list, counts) => {
    expect(taskCounts('SLURM_TASKS_PER_NODE', list)).toEqual(counts);
  });

  test.each(['', '2(x)', '2x3', '0', '1,,2', '-1'])("refuses '%s'", (list) => {
    expect(() => taskCounts('SLURM_TASKS_PER_NODE', list)).toThrow(
      expect.objectContaining({ code: 'PL8102' }),
    );
  });
});
