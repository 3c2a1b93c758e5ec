import { spawnSync } from 'node:child_process';
import { GeneratorError } from './generator-error.js';

export const packageManagers = ['npm', 'pnpm', 'yarn'] as const;

export type PackageManager = (typeof packageManagers)[number];

export function checkPackageManager(name: string): PackageManager {
  const known = packageManagers.find((each) => each === name);
  if (known !== undefined) return known;
  throw new GeneratorError(
    `'${name}' is not a package manager that this generator knows.`,
    `Use one of: ${packageManagers.join(', ')}.`,
  );
}

export function checkInstalled(packageManager: PackageManager): void {
  const { error, status } = spawnSync(packageManager, ['--version'], {
    stdio: 'ignore',
    shell: process.platform === 'win32',
  });
  if (error === undefined && status === 0) return;
  throw new GeneratorError(
    `${packageManager} does not run on this machine.`,
    `Install it, choose another with --package-manager (${packageManagers.join(', ')}), or pass --skip-install.`,
  );
}

/** How a script of package.json is called: `npm run build`, `pnpm build`. */
export function runScript(packageManager: PackageManager, script: string): string {
  return packageManager === 'npm' && script !== 'test' ? `npm run ${script}` : `${packageManager} ${script}`;
}

/** The same with flags for the program behind the script: npm wants them after `--`. */
export function runWithFlags(packageManager: PackageManager, script: string, flags: string): string {
  return `${runScript(packageManager, script)}${packageManager === 'npm' ? ' --' : ''} ${flags}`;
}
