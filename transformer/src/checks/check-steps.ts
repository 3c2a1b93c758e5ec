import type { Node, Type } from 'ts-morph';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { StepDisagreement } from '../diagnostics/step-disagreement.js';
import type { HookCatalog } from '../discovery/hook-catalog.js';
import type { LightningClass } from '../discovery/lightning-class.js';
import { hookSignature, parameterType } from '../hook-types.js';
import { awaited, givesNothing } from '../types/promise.js';
import { typeText } from '../types/text.js';
import type { Check } from './check.js';

const stages = [
  { step: 'training_step', hooks: ['on_train_batch_start', 'on_train_batch_end'] },
  ...['validation', 'test', 'predict'].map((stage) => ({
    step: `${stage}_step`,
    hooks: [`on_${stage}_batch_start`, `on_${stage}_batch_end`],
  })),
];

/** The hooks around a step take what the step took, and what it returned. */
export const checkSteps: Check = ({ classes, catalog }) =>
  classes
    .filter(({ kind }) => kind === 'module')
    .flatMap((module) =>
      stages.flatMap(({ step, hooks }) =>
        hooks.flatMap((hook) => disagreements(module, step, hook, catalog)),
      ),
    );

function disagreements(
  module: LightningClass,
  step: string,
  hook: string,
  catalog: HookCatalog,
): Diagnostic[] {
  const given = hookSignature(module, step);
  const taken = hookSignature(module, hook);
  const place = module.ownHooks.find((use) => use.hook === hook)?.member;
  if (given === undefined || taken === undefined || place === undefined) return [];
  const names = catalog.type('module', hook)?.getCallSignatures()[0]?.getParameters() ?? [];
  return names.flatMap((name, index): Diagnostic[] => {
    const type = parameterType(taken, index, module);
    const batch = name.getName() === 'batch' ? parameterType(given, 0, module) : undefined;
    const outputs =
      name.getName() === 'outputs' && step !== 'training_step' ? given.getReturnType() : undefined;
    const sources = batch ? [batch] : outputs ? (givesNothing(outputs) ? [outputs] : awaited(outputs)) : [];
    if (type === undefined || sources.every((source) => source.isAssignableTo(type))) return [];
    return [disagreement(place, module, [hook, step], name.getName(), type, batch ?? outputs!)];
  });
}

function disagreement(
  place: Node,
  { hooks }: LightningClass,
  [hook, step]: [string, string],
  parameter: string,
  declared: Type,
  given: Type,
): Diagnostic {
  const method = hooks.get(hook)!;
  return new StepDisagreement(
    place,
    method,
    parameter,
    typeText(declared, place),
    hooks.get(step)!,
    typeText(given, place),
  );
}
