import { existsSync, readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { GeneratorError } from './generator-error.js';
import type { PackageManager } from './package-manager.js';

/** What package.json asks for: the range or path of the runtime and of the compiler. */
interface FrameworkPackages {
  runtime: string;
  transformer: string;
}

export interface FrameworkSource {
  /** Depend on the checkout that this generator runs from. */
  link?: boolean;
  /** A spec for `@pl-ts/runtime`: a version range, a tarball, a URL. */
  runtime?: string | undefined;
  /** The same for `@pl-ts/transformer`. */
  transformer?: string | undefined;
}

export interface ProjectPlace {
  /** The root of this package. */
  packageRoot: string;
  /** Where the person is: paths on the command line start here. */
  cwd: string;
  /** The project's folder. */
  target: string;
  packageManager: PackageManager;
}

/**
 * Where the project takes the framework from. Links are symbolic links to the checkout's workspaces: Node resolves them
 * to their real paths, so the checkout's own copy of TensorFlow.js serves and stays the only one.
 */
export function frameworkPackages(place: ProjectPlace, source: FrameworkSource): FrameworkPackages {
  if (source.link) {
    if (source.runtime !== undefined || source.transformer !== undefined) {
      throw new GeneratorError('--link contradicts --runtime and --transformer.', 'Leave one of them out.');
    }
    if (place.packageManager === 'yarn') {
      throw new GeneratorError(
        '--link does not work with yarn, which leaves out the commands of linked packages.',
        'Use --package-manager npm or pnpm.',
      );
    }
    return { runtime: linkTo('runtime', place), transformer: linkTo('transformer', place) };
  }
  const published = `^${readPackage(place.packageRoot).version}`;
  return {
    runtime: specOf(source.runtime, place) ?? published,
    transformer: specOf(source.transformer, place) ?? published,
  };
}

function linkTo(workspace: string, { packageRoot, target, packageManager }: ProjectPlace): string {
  if (!isWorkspace(packageRoot, workspace)) {
    throw new GeneratorError(
      `--link needs a checkout of the repository, and ${packageRoot} has no ${workspace} folder.`,
      'Leave --link out to install the published packages.',
    );
  }
  // npm links `file:` folders; pnpm copies those and links `link:` ones.
  const protocol = packageManager === 'npm' ? 'file' : 'link';
  return `${protocol}:${portablePath(target, join(packageRoot, workspace))}`;
}

/** A spec as the project's package.json can hold it: paths are given from the project's folder on. */
function specOf(spec: string | undefined, { cwd, target }: ProjectPlace): string | undefined {
  if (spec === undefined || !existsSync(resolve(cwd, spec))) return spec;
  return `file:${portablePath(target, resolve(cwd, spec))}`;
}

function portablePath(from: string, to: string): string {
  return relative(from, to).split(sep).join('/');
}

function isWorkspace(packageRoot: string, workspace: string): boolean {
  try {
    return readPackage(join(packageRoot, workspace)).name === `@pl-ts/${workspace}`;
  } catch {
    return false;
  }
}

function readPackage(folder: string): { name: string; version: string } {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}
