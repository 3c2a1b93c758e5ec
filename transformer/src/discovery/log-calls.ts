import { type CallExpression, Node, type SourceFile, SyntaxKind } from 'ts-morph';
import { literalNames } from './literal-names.js';
import type { RuntimeSymbols } from './runtime-symbols.js';

/** An option of `log` as it is written: `'unknown'` when only a run can tell, undefined when it is left out. */
export type LogFlag = boolean | 'unknown' | undefined;

/** One call of `log` or `logDict`. */
export interface LogCall {
  readonly call: CallExpression;
  /** Whose `log` it is: `this`, or a module that a callback got. */
  readonly receiver: Node;
  /** Undefined when the names are only known at run time. */
  readonly names: readonly string[] | undefined;
  readonly onStep: LogFlag;
  readonly onEpoch: LogFlag;
}

/** Finds every `log` and `logDict` of a module or a callback. */
export function findLogCalls(files: readonly SourceFile[], runtime: RuntimeSymbols): LogCall[] {
  return files
    .flatMap((file) => file.getDescendantsOfKind(SyntaxKind.CallExpression))
    .flatMap((call) => readLogCall(call, runtime) ?? []);
}

function readLogCall(call: CallExpression, runtime: RuntimeSymbols): LogCall | undefined {
  const callee = call.getExpression();
  if (!Node.isPropertyAccessExpression(callee) || !/^log(Dict)?$/.test(callee.getName())) return undefined;
  const receiver = callee.getExpression();
  if (/^(console|Math|tf)$/.test(receiver.getText()) || !logsMetrics(callee.getNameNode(), runtime)) {
    return undefined;
  }
  const [what, value] = call.getArguments();
  const isDict = callee.getName() === 'logDict';
  const options = isDict ? value : call.getArguments()[2];
  return {
    call,
    receiver,
    names: what && (isDict ? keysOf(what) : literalNames(what)),
    onStep: readFlag(options, 'onStep'),
    onEpoch: readFlag(options, 'onEpoch'),
  };
}

function logsMetrics(name: Node, runtime: RuntimeSymbols): boolean {
  return (name.getSymbol()?.getDeclarations() ?? []).some((declaration) => {
    const owner = declaration.getParent();
    return (
      runtime.declares(declaration) &&
      Node.isClassDeclaration(owner) &&
      /^(LightningModule|Callback)$/.test(owner.getName() ?? '')
    );
  });
}

function keysOf(values: Node): string[] | undefined {
  const type = values.getType();
  if (type.isAny() || type.getStringIndexType() !== undefined) return undefined;
  return type.getProperties().map((property) => property.getName());
}

function readFlag(options: Node | undefined, name: string): LogFlag {
  if (options === undefined) return undefined;
  if (!Node.isObjectLiteralExpression(options)) return 'unknown';
  const property = options.getProperty(name);
  if (property === undefined)
    return options.getProperties().some(Node.isSpreadAssignment) ? 'unknown' : undefined;
  const value = Node.isPropertyAssignment(property) ? property.getInitializer() : undefined;
  return Node.isTrueLiteral(value) ? true : Node.isFalseLiteral(value) ? false : 'unknown';
}
