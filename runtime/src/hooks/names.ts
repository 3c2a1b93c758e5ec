import type {
  CallbackHookName,
  DataHookName,
  EvaluationHooks,
  EvaluationStage,
  HookOwner,
  ModuleHookName,
} from './signatures.js';

/** The hooks of an evaluation stage, with `evaluation` in the place of the stage's name. */
export const evaluationHookNames = [
  'evaluation_step',
  'on_evaluation_model_eval',
  'on_evaluation_model_train',
  'on_evaluation_start',
  'on_evaluation_epoch_start',
  'on_evaluation_batch_start',
  'on_evaluation_batch_end',
  'evaluation_epoch_end',
  'on_evaluation_epoch_end',
  'on_evaluation_end',
] as const satisfies readonly (keyof EvaluationHooks)[];

/** `on_evaluation_start` of the stage `test` is `on_test_start`. */
export function stageHookName(name: keyof EvaluationHooks, stage: EvaluationStage): ModuleHookName {
  return name.replace('evaluation', stage) as ModuleHookName;
}

const evaluationHooks = (['validation', 'test', 'predict'] as const)
  .flatMap((stage) => evaluationHookNames.map((name) => stageHookName(name, stage)))
  // What prediction steps return, the trainer returns.
  .filter((name: string) => name !== 'predict_epoch_end');

const dataHooks = [
  'prepare_data',
  'setup',
  'teardown',
  'train_dataloader',
  'val_dataloader',
  'test_dataloader',
  'predict_dataloader',
  'on_before_batch_transfer',
  'transfer_batch_to_device',
  'on_after_batch_transfer',
] as const;

const moduleHooks: readonly ModuleHookName[] = [
  ...dataHooks,
  'configure_callbacks',
  'configure_model',
  'configure_optimizers',
  'training_step',
  'on_fit_start',
  'on_fit_end',
  'on_train_start',
  'on_train_end',
  'on_train_epoch_start',
  'training_epoch_end',
  'on_train_epoch_end',
  'on_train_batch_start',
  'on_train_batch_end',
  'on_before_zero_grad',
  'optimizer_zero_grad',
  'on_before_backward',
  'backward',
  'on_after_backward',
  'on_before_optimizer_step',
  'configure_gradient_clipping',
  'optimizer_step',
  'lr_scheduler_step',
  'on_validation_model_zero_grad',
  ...evaluationHooks,
  'on_save_checkpoint',
  'on_load_checkpoint',
];

const dataModuleHooks: readonly DataHookName[] = [
  ...dataHooks,
  'on_exception',
  'state_dict',
  'load_state_dict',
];

const callbackHooks: readonly CallbackHookName[] = [
  'setup',
  'teardown',
  'on_fit_start',
  'on_fit_end',
  'on_sanity_check_start',
  'on_sanity_check_end',
  'on_train_start',
  'on_train_end',
  'on_train_epoch_start',
  'on_train_epoch_end',
  'on_train_batch_start',
  'on_train_batch_end',
  'on_before_zero_grad',
  'on_before_backward',
  'on_after_backward',
  'on_before_optimizer_step',
  ...(evaluationHooks.filter((name) => /^on_(?!.*_model_)/.test(name)) as CallbackHookName[]),
  'on_exception',
  'state_dict',
  'load_state_dict',
  'on_save_checkpoint',
  'on_load_checkpoint',
];

/** Every hook name, by the kind of class that can have it. */
export const hookNames = {
  module: moduleHooks,
  data: dataModuleHooks,
  callback: callbackHooks,
} as const satisfies Record<HookOwner, readonly string[]>;

/** Hooks that run inside the optimizer's step and so cannot be asynchronous. */
export const synchronousHooks: ReadonlySet<string> = new Set([
  'training_step',
  'on_before_zero_grad',
  'optimizer_zero_grad',
  'on_before_backward',
  'backward',
  'on_after_backward',
  'on_before_optimizer_step',
  'configure_gradient_clipping',
  'optimizer_step',
  'lr_scheduler_step',
  'configure_callbacks',
  'configure_optimizers',
  'state_dict',
  'load_state_dict',
]);
