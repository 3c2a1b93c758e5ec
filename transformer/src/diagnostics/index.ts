import { AmbiguousProgram } from './ambiguous-program.js';
import { AsynchronousHook } from './asynchronous-hook.js';
import { BatchMismatch } from './batch-mismatch.js';
import { ClassBesideProgram } from './class-beside-program.js';
import { ClassNotExported } from './class-not-exported.js';
import type { DiagnosticKind } from './diagnostic.js';
import { DuplicateHook } from './duplicate-hook.js';
import { HiddenBase } from './hidden-base.js';
import { HookNameNotLiteral } from './hook-name-not-literal.js';
import { HookOfOtherClass } from './hook-of-other-class.js';
import { HookOutside } from './hook-outside.js';
import { HookPlacement } from './hook-placement.js';
import { HparamsMisuse } from './hparams-misuse.js';
import { IncompleteModule } from './incomplete-module.js';
import { OptimizerWithoutParameters } from './optimizer-without-parameters.js';
import { SchedulerWithoutMonitor } from './scheduler-without-monitor.js';
import { SettingConstraint } from './setting-constraint.js';
import { SettingDefault } from './setting-default.js';
import { SettingName } from './setting-name.js';
import { SettingWithoutDefault } from './setting-without-default.js';
import { SettingWithoutSchema } from './setting-without-schema.js';
import { StepDisagreement } from './step-disagreement.js';
import { StepWithoutLoss } from './step-without-loss.js';
import { UndecoratedHook } from './undecorated-hook.js';
import { UnknownHook } from './unknown-hook.js';
import { UnknownMetric } from './unknown-metric.js';
import { WrongProgramClass } from './wrong-program-class.js';
import { WrongSignature } from './wrong-signature.js';

/** Every kind of diagnostic, in the order of the codes. */
export const diagnosticKinds: readonly DiagnosticKind[] = [
  UnknownHook,
  HookOfOtherClass,
  WrongSignature,
  AsynchronousHook,
  DuplicateHook,
  HookPlacement,
  HookNameNotLiteral,
  UndecoratedHook,
  IncompleteModule,
  ClassNotExported,
  ClassBesideProgram,
  HparamsMisuse,
  WrongProgramClass,
  AmbiguousProgram,
  BatchMismatch,
  StepDisagreement,
  UnknownMetric,
  HiddenBase,
  HookOutside,
  SettingWithoutSchema,
  SettingConstraint,
  SettingDefault,
  SettingWithoutDefault,
  SettingName,
  StepWithoutLoss,
  OptimizerWithoutParameters,
  SchedulerWithoutMonitor,
];
