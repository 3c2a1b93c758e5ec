import { spawnSync } from 'node:child_process';
import { PLError } from '../../../errors/pl-error.js';

export interface Compiler {
  /** The program and arguments that stand in front of all others. */
  command: readonly string[];
  /** The first line of what it says about itself. */
  identity: string;
}

const USUAL_NAMES = ['c++', 'g++', 'clang++'];

/**
 * The C++ compiler: `$CXX` where it is set (it may begin with a launcher such as ccache), else the first of the usual
 * names that runs.
 *
 * @throws PLError PL6021
 */
export function findCompiler(env: NodeJS.ProcessEnv = process.env): Compiler {
  const commands = env.CXX?.trim() ? [env.CXX.trim()] : USUAL_NAMES;
  for (const text of commands) {
    const command = text.split(/\s+/);
    const [program = '', ...args] = command;
    const { status, stdout } = spawnSync(program, [...args, '--version'], { encoding: 'utf8', env });
    if (status === 0) return { command, identity: stdout.split('\n', 1)[0]! };
  }
  const searched = env.CXX?.trim()
    ? `CXX is set to '${env.CXX.trim()}', which does not run`
    : `none of ${USUAL_NAMES.join(', ')} runs`;
  throw new PLError('PL6021', `The torch engine needs a C++ compiler: ${searched}.`, {
    hint:
      process.platform === 'darwin'
        ? 'Run: xcode-select --install'
        : 'On Debian: apt-get install g++. Elsewhere install GCC 9 or Clang 9, or later, or set CXX.',
  });
}
