import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build, type Plugin } from 'esbuild';

const require = createRequire(import.meta.url);
const core = dirname(require.resolve('@tensorflow/tfjs-core/package.json'));

/** One copy of tfjs-core for the specs and the engine, whatever way they name it. */
const oneCore: Plugin = {
  name: 'one-core',
  setup({ onResolve }) {
    onResolve({ filter: /^@tensorflow\/tfjs-core$/ }, () => ({ path: join(core, 'dist/index.js') }));
    onResolve({ filter: /^#tfjs-registrations$/ }, () => ({
      path: join(import.meta.dirname, 'registrations.ts'),
    }));
  },
};

/**
 * Bundles the specs and the engines into one file, because the specs are ES modules that Node cannot load by
 * themselves. Returns the file's path, inside `node_modules` so that packages resolve from it.
 */
export async function bundleSuite(): Promise<string> {
  const folder = join(import.meta.dirname, '../../node_modules/.cache/conformance');
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, `suite-${process.pid}.cjs`);
  await build({
    entryPoints: [join(import.meta.dirname, 'suite.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    mainFields: ['module', 'main'],
    // The package's sideEffects list would drop every spec.
    ignoreAnnotations: true,
    external: ['jasmine', 'jasmine-core/*', 'node-fetch', '*.node'],
    define: { 'import.meta.url': 'bundleUrl' },
    banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
    plugins: [oneCore],
    logLevel: 'error',
  });
  return outfile;
}
