import { join } from 'node:path';
import { analyse } from './analysis.js';
import { checkConfigFiles } from './check-config-files.js';
import { check } from './checks/index.js';
import { generateConfig } from './config/index.js';
import type { Diagnostic } from './diagnostics/diagnostic.js';
import { hasErrors } from './diagnostics/format.js';
import { HparamsMisuse } from './diagnostics/hparams-misuse.js';
import type { OpenProject } from './discovery/open-project.js';
import type { GeneratedFile } from './emit/generated-file.js';
import { hooksFile } from './emit/hooks-file.js';
import { loopsFile } from './emit/loops-file.js';
import { metricsFile } from './emit/metrics-file.js';
import { settingDiagnostics, settingsSource } from './settings.js';
import { readReferenceLoops } from './specialise/reference-loops.js';

/** What came of a project: what is wrong with it, and, unless something is an error, the files to write. */
export interface Compilation {
  readonly diagnostics: readonly Diagnostic[];
  readonly files: readonly GeneratedFile[];
}

/** Analyses a project and works out its generated files. Reads only. */
export function compile(opened: OpenProject): Compilation {
  const analysis = analyse(opened);
  const { catalog } = analysis;
  if (catalog === undefined) return { diagnostics: [], files: [] };
  const diagnostics = check(analysis);
  // Types that stand in the wrong place are no settings either; once is enough.
  if (diagnostics.some((diagnostic) => diagnostic instanceof HparamsMisuse))
    return { diagnostics, files: [] };

  const outDir = join(opened.sourceRoot, 'generated');
  const config = generateConfig(settingsSource(analysis, catalog, outDir));
  diagnostics.push(
    ...settingDiagnostics(config.problems),
    ...('definition' in config ? checkConfigFiles(analysis, opened.root, config.definition) : []),
  );
  if (!('definition' in config) || hasErrors(diagnostics)) return { diagnostics, files: [] };

  const files = [
    hooksFile(join(outDir, 'hooks.ts'), analysis),
    loopsFile(join(outDir, 'fit-loop.ts'), analysis, readReferenceLoops(opened.runtime)),
    metricsFile(join(outDir, 'metrics.ts'), analysis),
    { path: join(outDir, 'config.ts'), text: config.source },
    { path: join(outDir, 'config.schema.json'), text: config.schemaJson },
    { path: join(opened.root, '.env.example'), text: config.envExample },
  ];
  return { diagnostics, files };
}
