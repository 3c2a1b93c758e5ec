import type { Analysis } from '../analysis.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import type { HookCatalog } from '../discovery/hook-catalog.js';

/** What a check looks at: the project, with the hooks of its runtime. */
export type Checked = Analysis & { readonly catalog: HookCatalog };

/** Looks for one sort of mistake. */
export type Check = (analysis: Checked) => Diagnostic[];
