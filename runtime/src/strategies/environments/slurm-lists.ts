import { PLError } from '../../errors/pl-error.js';

const groups = /\[([^[\],-]+)[^[\]]*\]/g;

/**
 * The first host of a list as SLURM writes it: hosts separated by commas or spaces, with sets in brackets, such as
 * `gpu[003-007,012],login1` or `rack[0-1]node[0-3]`. Padding stays: `gpu003`.
 *
 * @throws PLError PL8102 when brackets do not close
 */
export function firstHost(variable: string, list: string): string {
  const host = /^\s*((?:\[[^[\]]*\]|[^[\],\s])+)(?=[,\s]|$)/.exec(list)?.[1]?.replace(groups, '$1');
  if (host !== undefined && !/[[\]]/.test(host)) return host;
  throw new PLError(
    'PL8102',
    `${variable} is '${list}', wanted a list of hosts such as 'gpu[003-007,012],login1'`,
    {
      hint: 'SLURM sets it; set MASTER_ADDR to the host of rank 0 where it does not.',
    },
  );
}

/**
 * Tasks on each node from SLURM's short form: `2(x3),1` is 2, 2, 2, 1.
 *
 * @throws PLError PL8102 for anything else
 */
export function taskCounts(variable: string, list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [, count, times = '1'] = /^([1-9]\d*)(?:\(x([1-9]\d*)\))?$/.exec(part) ?? [];
    if (count !== undefined) return new Array<number>(Number(times)).fill(Number(count));
    throw new PLError('PL8102', `${variable} is '${list}', wanted counts of tasks such as '2(x3),1'`, {
      hint: 'SLURM sets it; correct it where it is set by hand.',
    });
  });
}
