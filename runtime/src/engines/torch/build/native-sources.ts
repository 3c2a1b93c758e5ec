import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The C++ of the torch engine, as this package ships it. */
export interface NativeSources {
  /** The folder that the paths start in. */
  root: string;
  /** What is compiled, sorted. */
  files: readonly string[];
  /** Of all sources and headers, and of the packages whose headers they use. */
  hash: string;
  /** Of one source and of everything that it includes from `root`. */
  hashOf(file: string): string;
  /** Folders of the headers for Node-API. */
  nodeHeaders: readonly string[];
}

const resolve = createRequire(import.meta.url).resolve;

/** Reads the sources. Some milliseconds. */
export function nativeSources(
  root: string = join(dirname(resolve('@pl-ts/runtime/package.json')), 'native'),
): NativeSources {
  const texts = new Map(
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(cc|h)$/.test(name))
      .sort()
      .map((name) => [name, readFileSync(join(root, name), 'utf8')]),
  );
  const manifests = ['node-addon-api/package.json', 'node-api-headers/package.json'].map((name) =>
    resolve(name),
  );
  const versions = manifests.map(
    (path) => (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version,
  );
  const [addonApi, apiHeaders] = manifests.map((path) => dirname(path));
  const hashFiles = (names: Iterable<string>) => {
    const hash = createHash('sha256').update(versions.join());
    for (const name of names) hash.update(`\0${name}\0`).update(texts.get(name)!);
    return hash.digest('hex');
  };
  return {
    root,
    files: [...texts.keys()].filter((name) => name.endsWith('.cc')),
    hash: hashFiles(texts.keys()),
    hashOf: (file) => hashFiles([...included(file, texts)].sort()),
    nodeHeaders: [addonApi!, join(apiHeaders!, 'include')],
  };
}

/** A source and the files of ours that it includes, by itself or through others. */
function included(file: string, texts: ReadonlyMap<string, string>, found = new Set<string>()): Set<string> {
  found.add(file);
  for (const [, name] of texts.get(file)!.matchAll(/^\s*#\s*include\s+"(.+)"/gm)) {
    for (const path of [join(dirname(file), name!), join(name!)]) {
      if (texts.has(path) && !found.has(path)) included(path, texts, found);
    }
  }
  return found;
}
