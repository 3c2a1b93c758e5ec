import { levelsOf, nothingMeasured, PLError, resolveLevels } from '@pl-ts/runtime/rules';
import { Node } from 'ts-morph';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { placeOf } from '../diagnostics/place.js';
import { RunRefusal } from '../diagnostics/run-refusal.js';
import type { LightningClass } from '../discovery/lightning-class.js';
import type { LogCall } from '../discovery/log-calls.js';
import { runningHooks } from '../discovery/running-hooks.js';
import type { Check } from './check.js';

/** `log` stands in hooks where something is measured, with levels that the hook has. */
export const checkLogging: Check = ({ classes, logCalls }) =>
  logCalls.flatMap((logged): Diagnostic[] => {
    const owner = classes.find(({ declaration }) => logged.call.getAncestors().includes(declaration));
    const problem = (owner && refusedInHook(logged, owner)) ?? recordsNothing(logged);
    return problem === undefined ? [] : [new RunRefusal(placeOf(logged.call), problem)];
  });

/** Why a run would refuse a call in the hooks where it stands. */
function refusedInHook(logged: LogCall, owner: LightningClass): PLError | undefined {
  const running = isOwn(logged.receiver) ? runningHooks(logged.call, owner) : undefined;
  if (running === undefined) return undefined;
  const { hooks, through } = running;
  const refusals = hooks.map((hook) => refusal(logged, hook, through));
  // A method that several hooks call may know which of them it is.
  return through === undefined || refusals.every((problem) => problem !== undefined)
    ? refusals.find((problem) => problem !== undefined)
    : undefined;
}

/** Whether the metric is that of the run: of `this`, or of the module that a callback's hook got. */
function isOwn(receiver: Node): boolean {
  if (Node.isThisExpression(receiver)) return true;
  const declared = Node.isIdentifier(receiver) ? receiver.getSymbol()?.getValueDeclaration() : undefined;
  return Node.isParameterDeclaration(declared);
}

function refusal(logged: LogCall, hook: string, through: string | undefined): PLError | undefined {
  const levels = levelsOf(hook);
  const where = through === undefined ? hook : `${hook}, which calls ${through}`;
  if (levels === undefined) return nothingMeasured(nameOf(logged), `in ${where}`);
  const { onStep, onEpoch } = logged;
  if (onStep === 'unknown' || onEpoch === 'unknown') return undefined;
  const options = { ...(onStep !== undefined && { onStep }), ...(onEpoch !== undefined && { onEpoch }) };
  return caught(() => resolveLevels(nameOf(logged), options, where, levels));
}

/** With neither level a call is of no use in any hook. */
function recordsNothing(logged: LogCall): PLError | undefined {
  if (logged.onStep !== false || logged.onEpoch !== false) return undefined;
  return refusal(logged, 'training_step', undefined);
}

function nameOf({ names }: LogCall): string {
  return names?.[0] ?? '…';
}

function caught(rule: () => unknown): PLError | undefined {
  try {
    rule();
    return undefined;
  } catch (error) {
    if (error instanceof PLError) return error;
    throw error;
  }
}
