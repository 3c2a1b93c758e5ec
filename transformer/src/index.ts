export { CommandError } from './commands/command-error.js';
export { type Compilation, compile } from './compile.js';
export type { Diagnostic, DiagnosticCode, Place } from './diagnostics/diagnostic.js';
export { formatDiagnostics, hasErrors } from './diagnostics/format.js';
export { type OpenProject, openProject } from './discovery/open-project.js';
export type { GeneratedFile } from './emit/generated-file.js';
