import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigDefinition } from '@pl-ts/runtime/config';
import type { Node } from 'ts-morph';
import type { Analysis } from './analysis.js';
import {
  checkConfigFile,
  type HparamsSource,
  type SchemaProblem,
  type SchemaProblemKind,
  type SettingsSource,
} from './config/index.js';
import { ConfigurationMistake } from './diagnostics/configuration-mistake.js';
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

/** What is wrong in the configuration files at a project's root. */
export function checkConfigFiles(root: string, definition: ConfigDefinition): Diagnostic[] {
  return ['config.yaml', 'config.yml', 'config.json']
    .map((name) => join(root, name))
    .filter((file) => existsSync(file))
    .flatMap((file) =>
      checkConfigFile(readFileSync(file, 'utf8'), file, definition).map(
        ({ code, message, hint, line, column }) => {
          const text = hint === undefined ? message : `${message.replace(/\.$/, '')}. ${hint}`;
          return new ConfigurationMistake({ file, line, column }, code, text);
        },
      ),
    );
}
