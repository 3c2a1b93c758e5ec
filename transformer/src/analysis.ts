import type { ClassDeclaration, SourceFile } from 'ts-morph';
import { HookCatalog } from './discovery/hook-catalog.js';
import { type LightningClass, readClass } from './discovery/lightning-class.js';
import { findLogCalls, type LogCall } from './discovery/log-calls.js';
import { findLoggedMetrics, type LoggedMetrics } from './discovery/logged-metrics.js';
import { findMainCalls, type MainCall } from './discovery/main-call.js';
import { type OpenProject, projectFiles } from './discovery/open-project.js';
import { RuntimeSymbols } from './discovery/runtime-symbols.js';

/** What the compiler knows about a project before it checks and writes anything. */
export interface Analysis {
  readonly runtime: RuntimeSymbols;
  /** Undefined when no file imports the runtime: there is nothing to check and nothing to write then. */
  readonly catalog: HookCatalog | undefined;
  readonly files: readonly SourceFile[];
  /** Every class at the top level of a file. */
  readonly declarations: readonly ClassDeclaration[];
  /** Those of them that the runtime works with, in the order of the files. */
  readonly classes: readonly LightningClass[];
  readonly mainCalls: readonly MainCall[];
  readonly logCalls: readonly LogCall[];
  readonly metrics: LoggedMetrics;
}

/** Reads a project; `files` other than all of its own narrow the view to those. */
export function analyse(opened: OpenProject, files: readonly SourceFile[] = projectFiles(opened)): Analysis {
  const runtime = new RuntimeSymbols(opened.runtime);
  const declarations = files.flatMap((file) => file.getClasses());
  const classes = declarations.flatMap((declaration) => readClass(declaration, runtime) ?? []);
  const logCalls = findLogCalls(files, runtime);
  return {
    runtime,
    catalog: HookCatalog.read(opened.project, opened.runtime),
    files,
    declarations,
    classes,
    mainCalls: findMainCalls(files, runtime),
    logCalls,
    metrics: findLoggedMetrics(logCalls, classes),
  };
}
