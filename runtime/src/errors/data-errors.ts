/** PL4xxx. */
export const dataErrors = {
  PL4001:
    'A seed is not an integer from 0 to 4294967295. Seeds start the random number generators that shuffle data, initialize weights and drop units; the same seed gives the same run. Pass a whole number, for example 42.',
  PL4002:
    'A saved state of a random number generator cannot be restored: it is not four integers of 32 bits, or it belongs to another kind of generator. The checkpoint comes from another program, or was edited. Start without the random state, or from another checkpoint.',
  PL4003:
    'A DataLoader got options that are impossible or contradict each other: a batch size that is no positive integer, both a sampler and shuffle, a batchSampler beside what it decides, an order for an iterable dataset, or something that is no dataset at all.',
  PL4004:
    'A sample was asked for that the dataset does not have. Indices are integers from 0 to the length of the dataset less one. A sampler, a batch sampler or a subset gave another one.',
  PL4005:
    'Samples cannot be put into one batch. They differ in structure, in the shape of an array or in the keys of a record, or they hold something that cannot become a tensor. Bring them to one shape in the dataset, or pass a `collate` function to the DataLoader.',
  PL4006:
    'A data loader was iterated with `for (… of loader)`, but its dataset or its collation is asynchronous. Use `for await (… of loader)`.',
  PL4007:
    'A data loader cannot go on where a checkpoint says that it was. The state is damaged, or the epoch was interrupted behind the last batch that the loader has now, because the data or the batch size changed. Resume with the data that the checkpoint was written with.',
  PL4008:
    'The number of samples in a batch could not be found, because there is no tensor in the batch. It weights logged values when they are averaged over an epoch. Pass it to the log call as `batchSize`.',
  PL4009:
    'Values and their shape do not fit, or columns of a dataset differ in length. The product of a shape is the number of values; the first dimension of a column is the number of samples.',
  PL4010:
    'A dataset cannot be split as asked. The lengths are either numbers of samples that add up to the length of the dataset, or fractions that add up to 1.',
  PL4011:
    'A sampler got impossible arguments: a negative number of samples, weights that are negative or all 0, more samples than can be drawn without replacement, a rank that is not below the number of processes, or fewer samples than processes.',
  PL4012: 'A data file cannot be read: it does not exist, access is denied, or its compression is damaged.',
  PL4013:
    'A line of a CSV file of numbers is malformed: it has more or fewer columns than the lines before, or a cell that is no number. The message has the file, the line and what was found.',
  PL4014:
    'Two collections that are walked together differ in structure: arrays of different lengths, records with different keys, or an array beside a record.',
  PL4015:
    'Training on several devices divides the samples of a data loader among the processes. One that has a `batchSampler` of its own decides about whole batches, and nothing says which of them belong to which process. Give it a `sampler` and a `batchSize`, or divide its batches yourself by rank and set `trainer.useDistributedSampler` to false.',
} as const;
