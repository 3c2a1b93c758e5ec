/** PL8xxx. */
export const strategyErrors = {
  PL8001:
    'Without libtorch, processes of one host exchange gradients through a process group of the runtime itself, which does not reach other hosts. Training on several hosts needs the collectives of libtorch: install it and build the engine (Debian: `apt-get install libtorch-dev`, then `pl engine build`).',
  PL8002:
    'The processes of a run wait for each other at every step. One of them ended with an error, died (out of memory, a signal) or did not come to the next collective in time, so the others cannot go on; the message names its rank and the cause. Its own error, if it had one, is on stderr under its rank. Time limit: `trainer.processGroupTimeout`.',
  PL8003:
    'Every process of a run has to call the same collectives in the same order: reductions, gathers, barriers, and metrics that are logged with `syncDist`. Two ranks were in different ones. Usual causes: code that runs on one rank only (`if (this.globalRank === 0)`) and calls a collective, or batches that differ in number between the ranks.',
  PL8004:
    'The processes of a run find each other by `MASTER_ADDR` and `MASTER_PORT`, and count themselves by `RANK`, `LOCAL_RANK` and `WORLD_SIZE`. They did not come together: a process is missing, was started with another number of processes, or another run uses the same port.',
  PL8005:
    'The trainer starts the other processes of a run by starting its own program again, with the same arguments. That is not possible from here (a worker thread, a program that was not read from a file), or one of them ended before it reached the run. Start the processes yourself (`torchrun --no-python --nproc-per-node=2 node dist/main.js fit`), or set `trainer.devices` to 1.',
  PL8006:
    'All processes of a run train the same model: the same weights, in the same order and of the same shapes. They differ between ranks. Usual causes: settings or data that depend on the rank, or random choices in the constructor.',
  PL8007:
    'Gradients are averaged over the processes parameter by parameter, so every process needs a gradient for each of them. The named parameters took no part in the loss, on all ranks or on some. Leave out of the optimizer what is not trained; where it depends on the batch which parameters are used, set `trainer.strategy` to `ddp_find_unused_parameters_true`.',
  PL8008:
    'A step of the optimizer needs a batch of every process. The training data of some ranks ended before that of others: an iterable dataset gives its samples to every process as it likes. Give every rank the same number of batches, for example with `trainer.limitTrainBatches`, or use a dataset with `length` and `at(index)`, which the trainer distributes itself.',
  PL8009:
    'The settings of several devices contradict each other or the environment in which the program was started. The message names them.',
  PL8010:
    '`ddp_sharded` gives each process a part of the parameters to update, one by one. An optimizer that needs all of them at once, such as LBFGS, cannot be divided so: use `ddp`.',
  PL8011:
    'With `trainer.syncBatchnorm` the statistics of a batch come from all processes. The gradient of a gradient (as in gradient penalties) would have to go through that exchange once more, which it cannot.',
  PL8012:
    'After one process of a run has failed, the others cannot begin another run without it. Start the program again, with `ckptPath` to go on from the last checkpoint; under torchrun `--max-restarts` does so by itself.',
} as const;
