import type { Node } from 'ts-morph';
import type { Analysis } from './analysis.js';
import type { HparamsSource, SchemaProblem, SchemaProblemKind, SettingsSource } from './config/index.js';
import type { Diagnostic } from './diagnostics/diagnostic.js';
import { SettingConstraint } from './diagnostics/setting-constraint.js';
import { SettingDefault } from './diagnostics/setting-default.js';
import { SettingName } from './diagnostics/setting-name.js';
import { SettingWithoutDefault } from './diagnostics/setting-without-default.js';
import { SettingWithoutSchema } from './diagnostics/setting-without-schema.js';
import type { HookCatalog } from './discovery/hook-catalog.js';
import { type CompiledClass, compiledClasses } from './emit/compiled-class.js';
import { programClasses } from './program-classes.js';

/** What the settings of a project are made from. */
export function settingsSource(analysis: Analysis, catalog: HookCatalog, outDir: string): SettingsSource {
  const classes = compiledClasses(analysis);
  const { module, data } = programClasses(analysis);
  const model = classes.find(({ source }) => source === module);
  const dataModule = classes.find(({ source }) => source === data);
  const others = classes.filter(
    (one) => one !== model && one !== dataModule && one.source.hparams !== undefined,
  );
  const { names, open, perLoader } = analysis.metrics.all;
  return {
    runtime: catalog.entry,
    outDir,
    model: model && hparamsSource(model),
    data: dataModule && hparamsSource(dataModule),
    others: others.map(hparamsSource),
    metricNames: open || perLoader ? undefined : [...names, 'epoch', 'step'],
  };
}

function hparamsSource({ source: { declaration, hparams }, imported }: CompiledClass): HparamsSource {
  return {
    className: imported.localName,
    exportName: imported.name,
    sourceFile: declaration.getSourceFile(),
    typeNode: hparams?.holder.getTypeNode(),
    ignore: hparams?.ignore,
  };
}

type SettingDiagnostic = new (node: Node, message: string) => Diagnostic;

const diagnosticOf = {
  'no-schema': SettingWithoutSchema,
  'bad-constraint': SettingConstraint,
  'bad-default': SettingDefault,
  'no-default': SettingWithoutDefault,
  'bad-name': SettingName,
} as const satisfies Record<SchemaProblemKind, SettingDiagnostic>;

export function settingDiagnostics(problems: readonly SchemaProblem[]): Diagnostic[] {
  return problems.map(({ kind, node, message }) => new diagnosticOf[kind](node, message));
}
