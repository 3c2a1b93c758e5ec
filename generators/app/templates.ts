import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GeneratorError } from './generator-error.js';

/** The root of this package: of a checkout, or of what npm installed. */
export const packageRoot = nearestPackage(dirname(fileURLToPath(import.meta.url)));
const templatesRoot = join(packageRoot, 'templates');

/** Names that npm would leave out of a package or read as its own are stored without their dot. */
const dotFiles = new Map([
  ['gitignore', '.gitignore'],
  ['env.example', '.env.example'],
]);

/** Files with placeholders. All others are copied as they are. */
const rendered = new Set(['package.json', 'README.md']);

export interface TemplateFile {
  /** Absolute path of the file in this package. */
  source: string;
  /** Path in the project, with forward slashes. */
  destination: string;
  hasPlaceholders: boolean;
}

export function templates(): string[] {
  return readdirSync(templatesRoot, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

export function checkTemplate(name: string): string {
  if (templates().includes(name)) return name;
  throw new GeneratorError(`There is no template '${name}'.`, `Use one of: ${templates().join(', ')}.`);
}

export function templateFiles(template: string): TemplateFile[] {
  const root = join(templatesRoot, template);
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const source = join(entry.parentPath, entry.name);
      const path = relative(root, source).replaceAll('\\', '/');
      return { source, destination: dotFiles.get(path) ?? path, hasPlaceholders: rendered.has(path) };
    });
}

function nearestPackage(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : nearestPackage(dirname(folder));
}
