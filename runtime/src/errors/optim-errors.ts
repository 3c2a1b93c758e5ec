/** PL7xxx. */
export const optimErrors = {
  PL7001:
    'The value to minimise must be one float32 number: a tensor of rank 0. A loss per sample has to be reduced ' +
    '(tf.mean, tf.sum), integers have to be cast, and a training step must return the tensor synchronously: what ' +
    'runs after an await is not recorded, so no gradient could flow through it.',
  PL7002:
    "A gradient was set or accumulated that does not fit its variable. Gradients are float32 and have the variable's " +
    'exact shape; reduce broadcast dimensions before you set one by hand.',
  PL7003:
    'An optimizer option is outside of what the algorithm allows: a negative learning rate, a decay rate of 1 or ' +
    'more, Nesterov momentum without momentum. The message names the option, what it wants and what it got; options ' +
    'of a parameter group are checked the same way.',
  PL7004:
    'An optimizer was given an option that it does not have. Options are written in camelCase (weightDecay, not ' +
    'weight_decay) and differ between optimizers; the hint lists those of this one.',
  PL7005:
    'An optimizer needs a list that is not empty, either of float32 variables or of groups { params: [...], lr, ... }. ' +
    'A variable may be in one group only: twice in the list, it would be updated twice a step.',
  PL7006:
    'A saved optimizer state was loaded into an optimizer that differs from the one that wrote it: another ' +
    'algorithm, another number of groups, other parameters or other shapes. Nothing was changed. When the model ' +
    'itself changed, load only the weights of the checkpoint and start with a fresh optimizer.',
  PL7007:
    'Gradient clipping got a limit that is not a number of at least 0, or a norm type below 1. Clipping by norm takes ' +
    'the largest norm that all gradients together may have (often 1), clipping by value the largest magnitude of each ' +
    'element.',
  PL7008:
    'LBFGS evaluates the loss several times within one step, so its step needs a closure that clears the gradients, ' +
    'computes the loss and the gradients and returns the loss. A training step that returns no loss cannot be ' +
    'optimized with LBFGS.',
  PL7009:
    'The backward pass met an operation that it cannot go through: one without a gradient (argMax, topk, comparisons, ' +
    'most image operations), or a custom gradient that is not float32 or not of the shape of its input.',
  PL7101:
    'A training operation got tensors whose shapes or types do not go together. The message says which tensor, what ' +
    'it must be for the others, and what it is. Labels are integers (int32), one per position; everything with a ' +
    'gradient is float32.',
  PL7102:
    'A class label is negative or not smaller than the number of classes, so it points outside of the logits. Count ' +
    'classes from 0, give the last layer one output per class, and mark positions without a label with ignoreIndex.',
  PL7103:
    'A setting of a training operation is outside of its range, for example a dropout rate above 1. The message names ' +
    'the operation, the setting, what it must be and what it is.',
  PL7201:
    'An option of a learning-rate scheduler is missing, outside of its range or contradicts another one: a step size ' +
    'of 0, a factor above 1 that should shrink, one value too few for the param groups. The message names the option, ' +
    'what it wants and what it got. Numbers of steps are integers and finite, so a run without an end has no schedule ' +
    'that depends on it.',
  PL7202:
    'A learning-rate scheduler was given an option that it does not have. Options are written in camelCase (stepSize, ' +
    'not step_size) in one record after the optimizer; the hint lists those of this scheduler.',
  PL7203:
    'A saved scheduler state was loaded into a scheduler that differs from the one that wrote it: another kind, ' +
    'another number of param groups or of schedulers inside. Nothing was changed. Options such as gamma come from the ' +
    'checkpoint; to train on with another schedule, load only its weights.',
  PL7204:
    'LambdaLR, MultiplicativeLR and CyclicLR compute with functions of yours. A list of functions needs one for each ' +
    'param group, and a function must give a finite number of at least 0 at every step, also at steps after the ' +
    'last one that it was written for.',
  PL7205:
    'OneCycleLR has a fixed number of steps and was stepped further. Count optimizer steps, not batches, when ' +
    'gradients are accumulated, or take trainer.estimatedSteppingBatches; and return the scheduler with ' +
    "interval: 'step', so that it is stepped as often as it was made for.",
  PL7206:
    'OneCycleLR and CyclicLR move the momentum against the learning rate unless cycleMomentum is false. That needs an ' +
    'optimizer with momentum or betas: SGD, RMSprop or the Adam family.',
  PL7207:
    'ReduceLROnPlateau was stepped without a metric. The trainer passes the one that monitor names; with manual ' +
    'optimization, call scheduler.step(metric) with a number.',
  PL7208:
    'SequentialLR and ChainedScheduler combine schedulers of one optimizer. The list must not be empty or contain ' +
    'ReduceLROnPlateau, and a sequence has a rising list of milestones, one fewer than it has schedulers.',
  PL7209:
    'The first argument of a learning-rate scheduler is the optimizer whose rates it changes. Only optimizers of this ' +
    "package have param groups as schedulers need them; TensorFlow.js's own do not.",
  PL7210:
    'configure_optimizers returned something that is no optimizer configuration. It may return an optimizer, a list of ' +
    'optimizers, a list of optimizers and a list of schedulers, a record { optimizer, lrScheduler }, a list of such ' +
    'records, or nothing. It must not be asynchronous.',
  PL7211:
    'A scheduler that configure_optimizers returned is none, or its record lacks it or has a wrong setting. The ' +
    "record is { scheduler, interval: 'epoch' | 'step', frequency, monitor, strict, name }; frequency is an integer of " +
    'at least 1.',
  PL7212:
    'ReduceLROnPlateau needs to know which metric it watches: return it as { scheduler, monitor: "val_loss" }, with a ' +
    'name that the module logs.',
  PL7213:
    'A scheduler changes the rates of an optimizer that configure_optimizers did not return, so it would have no ' +
    'effect. Return that optimizer too, or make the scheduler for the one that is returned.',
  PL7214:
    'Two param groups of one optimizer have the same name, so their learning rates could not be told apart in the ' +
    'logs. Give the groups different names, or none: they are then called pg1, pg2, and so on.',
} as const;
