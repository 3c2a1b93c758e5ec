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
} as const;
