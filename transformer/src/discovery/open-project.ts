import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Project, type SourceFile, ts } from 'ts-morph';
import { CommandError } from '../commands/command-error.js';
import { findRuntime, RUNTIME, type RuntimePackage } from './runtime-package.js';

/** A project on disk, ready to be analysed. */
export interface OpenProject {
  /** The folder of its tsconfig.json. */
  readonly root: string;
  /** The folder of its sources, where `generated` goes. */
  readonly sourceRoot: string;
  readonly tsconfig: string;
  readonly project: Project;
  readonly runtime: RuntimePackage;
}

/**
 * Opens the project of a tsconfig.json, or of the folder that has one.
 *
 * @throws CommandError PL1902 without tsconfig.json, PL1903 for one that cannot be read, PL1904 without the runtime
 */
export function openProject(path: string): OpenProject {
  const tsconfig = findTsconfig(path);
  const root = dirname(tsconfig);
  const runtime = findRuntime(root);
  if (runtime === undefined) {
    throw new CommandError('PL1904', `${RUNTIME} is not installed in ${root}.`, 'Run: npm install');
  }
  const options = readOptions(tsconfig);
  const project = new Project({
    tsConfigFilePath: tsconfig,
    skipFileDependencyResolution: true,
    compilerOptions: {
      // What Node declares is never part of a hook's or a setting's type, and it is half of what there is to read.
      types: options.types?.filter((name) => name !== 'node'),
      skipLibCheck: true,
      noEmit: true,
      composite: false,
      incremental: false,
    },
  });
  return { root, sourceRoot: findSourceRoot(root, options), tsconfig, project, runtime };
}

/** @throws CommandError PL1902 */
export function findTsconfig(path: string): string {
  const absolute = resolve(path);
  const tsconfig = absolute.endsWith('.json') ? absolute : join(absolute, 'tsconfig.json');
  if (existsSync(tsconfig)) return tsconfig;
  throw new CommandError(
    'PL1902',
    `there is no ${tsconfig}.`,
    "Run pl in a project's folder, or name its tsconfig.json: pl generate -p <path>",
  );
}

function readOptions(tsconfig: string): ts.CompilerOptions {
  const { config, error } = ts.readConfigFile(tsconfig, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config ?? {}, noFiles, dirname(tsconfig));
  if (error === undefined) return options;
  throw new CommandError(
    'PL1903',
    `${tsconfig} cannot be read: ${ts.flattenDiagnosticMessageText(error.messageText, ' ')}`,
  );
}

/** Reads configuration files that others extend, and lists no folder. */
const noFiles: ts.ParseConfigHost = { ...ts.sys, useCaseSensitiveFileNames: true, readDirectory: () => [] };

function findSourceRoot(root: string, { rootDir }: ts.CompilerOptions): string {
  const sources = join(root, 'src');
  return rootDir !== undefined && resolve(rootDir) !== root
    ? resolve(rootDir)
    : existsSync(sources)
      ? sources
      : root;
}

/** The files that the compiler reads for classes: the project's own sources, without tests and generated files. */
export function projectFiles({ project, root, sourceRoot }: OpenProject): SourceFile[] {
  const generated = join(sourceRoot, 'generated');
  return project
    .getProgram()
    .compilerObject.getSourceFiles()
    .map(({ fileName, isDeclarationFile }) => (isDeclarationFile ? undefined : fileName))
    .filter((path) => path !== undefined)
    .filter((path) => isInside(path, root) && !path.includes('/node_modules/') && !isInside(path, generated))
    .filter((path) => !/\.(test|spec)\.[cm]?tsx?$/.test(path))
    .map((path) => project.addSourceFileAtPath(path));
}

function isInside(path: string, folder: string): boolean {
  return path.startsWith(`${folder.replaceAll('\\', '/')}/`);
}
