import { sep } from 'node:path';
import type { Node, Symbol as TsSymbol } from 'ts-morph';
import type { RuntimePackage } from './runtime-package.js';

/** Tells which names in a project mean something of the runtime, through imports, aliases and re-exports. */
export class RuntimeSymbols {
  readonly #folder: string;

  constructor(runtime: RuntimePackage) {
    this.#folder = runtime.root.replaceAll(sep, '/');
  }

  /** The runtime's own name for what an expression refers to: `Hook` for `import { Hook as H }`, used as `H`. */
  nameOf(node: Node): string | undefined {
    const symbol = node.getSymbol();
    return symbol && this.nameOfSymbol(symbol);
  }

  nameOfSymbol(symbol: TsSymbol): string | undefined {
    const target = symbol.getAliasedSymbol() ?? symbol;
    const isRuntime = target.getDeclarations().some((declaration) => this.declares(declaration));
    return isRuntime ? target.getName() : undefined;
  }

  /** Whether a declaration stands in the runtime. */
  declares(declaration: Node): boolean {
    const file: string = declaration.getSourceFile().getFilePath();
    return file.startsWith(`${this.#folder}/`) && !file.startsWith(`${this.#folder}/node_modules/`);
  }
}
