// tfjs-core's npm package registers gradients and chained operations (`x.add(y)`) only through ES modules that
// Node cannot load by themselves. This bundles them; they attach to the one engine that tfjs-core keeps globally.
import { build } from 'esbuild';

await build({
  stdin: {
    contents: `
      import '@tensorflow/tfjs-core/dist/register_all_gradients';
      import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops';`,
    resolveDir: import.meta.dirname,
  },
  outfile: `${import.meta.dirname}/dist/tfjs-registrations.cjs`,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  mainFields: ['module', 'main'],
  // The package's sideEffects list would drop the registrations.
  ignoreAnnotations: true,
  minifyWhitespace: true,
  legalComments: 'linked',
  external: ['node-fetch'],
  logLevel: 'warning',
});
