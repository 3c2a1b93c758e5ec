import type { Project, SourceFile, Type } from 'ts-morph';
import type { RuntimePackage } from './runtime-package.js';

/** The kinds of classes that have hooks. */
export const hookOwners = ['module', 'data', 'callback'] as const;
export type HookOwner = (typeof hookOwners)[number];

/** The runtime's interfaces that list them. */
const interfaces = { module: 'ModuleHooks', data: 'DataModuleHooks', callback: 'CallbackHooks' } as const;

/** The hooks that the installed runtime knows, read from its types. */
export class HookCatalog {
  readonly #hooks: ReadonlyMap<HookOwner, ReadonlyMap<string, Type>>;

  private constructor(readonly entry: SourceFile) {
    const exported = new Map(entry.getExportSymbols().map((symbol) => [symbol.getName(), symbol]));
    this.#hooks = new Map(
      hookOwners.map((owner) => {
        const symbol = exported.get(interfaces[owner]);
        if (symbol === undefined)
          throw new Error(`${entry.getFilePath()} does not export ${interfaces[owner]}.`);
        const hooks = (symbol.getAliasedSymbol() ?? symbol).getDeclaredType().getProperties();
        return [owner, new Map(hooks.map((hook) => [hook.getName(), hook.getTypeAtLocation(entry)]))];
      }),
    );
  }

  /** Undefined when no file of the project imports the runtime. */
  static read(project: Project, runtime: RuntimePackage): HookCatalog | undefined {
    if (project.getProgram().compilerObject.getSourceFile(runtime.types) === undefined) return undefined;
    return new HookCatalog(project.addSourceFileAtPath(runtime.types));
  }

  names(owner: HookOwner): string[] {
    return Array.from(this.#hooks.get(owner)!.keys());
  }

  /** The function type of a hook; undefined when that kind of class does not have it. */
  type(owner: HookOwner, hook: string): Type | undefined {
    return this.#hooks.get(owner)!.get(hook);
  }

  /** The kinds of classes that have a hook of that name. */
  ownersOf(hook: string): HookOwner[] {
    return hookOwners.filter((owner) => this.type(owner, hook) !== undefined);
  }
}
