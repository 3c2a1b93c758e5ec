/** PL5xxx. */
export const trainerErrors = {
  PL5001:
    'Two methods of one class are marked as the same hook, so it is not clear which of them the trainer should call. Keep the decorator on one, and call the other method from it.',
  PL5002:
    '`log` records a metric of the batches or of the epoch that is under way. It was called where there is none: before or after a run, in a hook outside of training, validation and test such as `setup`, at the end of training or validation (`on_train_end`, `on_validation_end`), or during prediction. Call it from a step or from another hook of the batches and epochs.',
  PL5003:
    '`onStep` and `onEpoch` say whether a metric shows the value of each step, of the epoch, or both; with neither it would show nothing. A hook that runs before or after the batches has no step: leave both out there, and the value is logged for the epoch.',
  PL5004:
    'One hook logged one metric name with two different sets of options, so it is not clear how its values are to be reduced and shown. Use the same options wherever a hook logs that name, or give the two metrics names of their own. With `addDataloaderIdx: false` the name has to differ between data loaders.',
  PL5005:
    'A metric is one number under a name. The value handed to `log` is none or several: reduce a tensor first, for example with `tf.mean`; log a record of numbers with `logDict`.',
  PL5006:
    'A training step returns the loss as a tensor with one element, a record that holds it under `loss`, or nothing to leave the weights alone for that batch. It cannot be asynchronous: the forward pass is recorded while it runs, so that gradients can be computed from it.',
  PL5007:
    'With `trainer.detectAnomaly` the result of every operation is checked, and one was NaN or infinite. The message names the operation, the hook and the batch in which that happened first; in the backward pass also the operation whose gradient was computed. Usual causes: a learning rate that is too high, a logarithm, root or division of zero, a broken sample. Infinities that a computation gets as constants, as masks do, may pass.',
  PL5008:
    'tfjs layers make their weights when they learn the shape of their input. Layers that learn it only in the first training step have weights that neither the optimizer nor the checkpoints know. Give the first layer `inputShape`, or call `build` in the constructor.',
  PL5009:
    'A module or data module was asked for its trainer, or the trainer for a checkpoint, before any run began. Inside hooks there always is one.',
  PL5010:
    'A run needs data. It comes from the data loaders passed to the call, else from the hooks of the data module (`train_dataloader`, `val_dataloader`, …), else from the same hooks of the module; none of these gave any.',
  PL5011:
    'A hook that gives data has to return a DataLoader, or for evaluation an array of them; the same goes for the data that is passed to `fit` and its like.',
  PL5012:
    'A trainer setting has a value that makes no sense, alone or together with another. The message names it, what it got and what it wanted; `--help` lists every setting with its range.',
  PL5013:
    'The optimizer trains a variable that is not reachable from a property of the module, so checkpoints would not contain it and a resumed run would start from a fresh one. Keep every layer and variable in a property of the module (not in a private `#field`).',
  PL5014:
    'The checkpoint was saved with `saveWeightsOnly`: it lacks the state of the optimizer, without which training cannot go on as if it had not stopped. It can still be validated, tested and used for prediction.',
  PL5015:
    'A run calls the hooks of the module, and one that it cannot do without is missing: `training_step` and `configure_optimizers` for fit, `validation_step`, `test_step` and `predict_step` for the others.',
  PL5016:
    '`configure_optimizers` returns one optimizer where the trainer optimizes by itself, several only where the module does (`automaticOptimization = false`), and nothing where no weight is to change.',
  PL5019:
    'A learning-rate scheduler that watches a metric had to step, and no metric of that name had been logged. Log it in the validation step (or wherever it is measured), correct `monitor`, or set `strict: false` so that the scheduler waits.',
  PL5020:
    'The trainer runs backward pass and optimizer of this module itself, so the module cannot do it too. A module that wants to sets `automaticOptimization` to false.',
  PL5021:
    'The checkpoint was written by a module that configured another number of optimizers or schedulers, so their states cannot be handed out. Use the checkpoint with the module that wrote it, or load only the weights.',
  PL5018:
    'Manual optimization toggles one optimizer at a time, so that a backward pass reaches only its parameters. Untoggle the one before toggling the next.',
  PL5017:
    "`ckptPath: 'best'` and `'last'` name checkpoints that this trainer's own fit has written. There are none yet: fit first, or give a path.",
  PL5031:
    'A trainer takes callbacks (instances of Callback) and loggers (instances of Logger). One that was given is neither, or contradicts a setting: a ModelCheckpoint where `enableCheckpointing` is false, a ProgressBar where `enableProgressBar` is false, two progress bars.',
  PL5032:
    'The first argument of `fit`, `validate`, `test` and `predict` is an instance of a class that extends LightningModule (the last three take that of the call before without one), the second a record of options. Data comes either from a data module or from data loaders, so only one of them can be given.',
  PL5033:
    'Some hooks run where nothing can wait for them: between the forward pass and the step of the optimizer, while tensors are on the tape, or while a checkpoint is put together. One of them returned a promise. Do what takes time in another hook, such as `on_train_batch_start` or `on_train_batch_end`.',
  PL5034:
    'A loss was propagated back and no parameter of the optimizer got a gradient: the loss was not computed from them. Usual causes: the parameters of another model were given to the optimizer, values were taken out of tensors (`dataSync`, `arraySync`) and made into new ones, or an operation without gradient (`argMax`, a cast to integers, a comparison) is on every way from the parameters to the loss.',
  PL5035:
    'Checkpoints keep the hyper-parameters of a module and of its data module, as JSON. One of them holds something that JSON cannot: a function, a class instance, a tensor. Take it out with `@Hparams({ ignore: [...] })`, or make it from plain settings in the constructor. This is found before training begins, so that no run fails at its first checkpoint.',
  PL5036:
    'Training needs at least one batch. The dataset is empty, or too small for a full batch while `dropLast` is set, or its iterator gave nothing. To leave training out on purpose, set `trainer.limitTrainBatches` to 0.',
  PL5037:
    '`trainer.estimatedSteppingBatches` tells how many optimizer steps a fit will take. It needs the length of the training data, so it is known during fit only, and before training begins only where the hook `train_dataloader` is not asynchronous.',
  PL5050:
    'A setting of ModelCheckpoint (the group `checkpoint`) has a value that makes no sense, alone or together with another. Keeping the k best needs a metric to judge by, `checkpoint.monitor`; and one ModelCheckpoint saves by one rhythm: every n epochs, every n steps or every so many seconds. Add a second ModelCheckpoint for a second rhythm.',
  PL5051:
    "The template of a checkpoint's file name cannot be filled in. Fields are names of metrics in braces, such as `{epoch}` or `{val_loss}`, with a number format behind a colon where wanted: `.2f` for two decimals, `03d` for three digits, `.1e`, `.1%`.",
  PL5052:
    'A callback judges by a metric that was not logged when it was needed. The message has the metrics that were. Check the spelling, that `this.log` is called under that name (a metric of two data loaders ends in `/dataloader_idx_0`), and that it is logged before the callback looks: a metric of the validation does not exist before the first validation.',
  PL5053:
    'A setting of EarlyStopping has a value that it cannot have. The message names the setting, what it got and what it wanted.',
  PL5054:
    'Checkpoints keep the state of each callback under its `stateKey`, by default the name of its class, and two callbacks of a run have the same one: one would overwrite the other. Two ModelCheckpoints need another metric, mode or rhythm; classes of your own can override `stateKey`.',
  PL5055:
    'A setting of ProgressBar or ModelSummary has a value that it cannot have. The message names the setting, what it got and what it wanted.',
  PL5057:
    'A GradientAccumulationScheduler takes a record: the epoch from which on, counted from 0, and after how many batches the optimizer then steps. It decides alone, so `accumulateGradBatches` stays at 1 beside it.',
  PL5056:
    'A setting of Timer has a value that it cannot have. A duration is text such as `00:12:00:00` (days, hours, minutes, seconds) or a record such as `{ hours: 12 }`.',
  PL5401:
    "Logs cannot be written: no permission, no space, a read-only disk, or a part of the path is a file. The message has the path and the reason. Free the place, or choose another folder with `trainer.defaultRootDir` or the logger's `saveDir`.",
  PL5402:
    'A logger got a setting that makes no sense: flushEveryNSteps is an integer above 0; version is an integer of 0 or more, or text.',
  PL5060:
    "`reduceFx` tells how the values of an epoch become one: 'mean' (weighted by batch size), 'sum', 'min' or 'max'. For anything else keep the values yourself and log the result in a hook of the epoch's end.",
  PL5061:
    'Where there are several data loaders, `log` ends the names of their metrics in `/dataloader_idx_0`, `/dataloader_idx_1` and so on. A name that has such an ending already would get a second one: leave it out, or set `addDataloaderIdx: false`.',
} as const;
