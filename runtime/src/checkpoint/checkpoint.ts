import { PLError } from '../errors/pl-error.js';
import { decodeJson, encodeJson } from './json.js';
import { encodeSafetensors, readSafetensors } from './safetensors.js';
import type { TensorData } from './tensor-data.js';
import { whyUnwritable } from './why-unwritable.js';
import { writeAtomically, writeAtomicallySync } from './write-atomically.js';

export type { TensorData } from './tensor-data.js';

/** Everything that a run needs to go on as if it had never stopped. */
export interface Checkpoint {
  /** The model's tensors by path. */
  stateDict: Map<string, TensorData>;
  /** Tensors by `<optimizer>.<parameter>.<slot>`; the rest of each optimizer's state is JSON. */
  optimizerStates: { tensors: Map<string, TensorData>; scalars: unknown[] };
  epoch: number;
  globalStep: number;
  plVersion: string;
  loops: unknown;
  callbacks: Record<string, unknown>;
  lrSchedulers: unknown[];
  hyperParameters: Record<string, unknown>;
  rng: unknown;
  samplers: unknown;
  /** What `on_save_checkpoint` added. */
  extra?: Record<string, unknown>;
}

const STATE_DICT = 'state_dict.';
const OPTIMIZER_STATES = 'optimizer_states.';

/**
 * Writes a checkpoint as one safetensors file: tensors `state_dict.<path>` and `optimizer_states.<i>.<param>.<slot>`,
 * everything else as JSON in `__metadata__`. The path holds the old file or the complete new one at every instant. The
 * tensors' memory must not change until the promise resolves.
 *
 * @throws PL3009 when something in it is neither a tensor nor JSON, PL3010 when the file cannot be written
 */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  const chunks = encode(checkpoint);
  await writeAtomically(path, chunks).catch((error) => {
    throw unwritable(error, path);
  });
}

/** `writeCheckpoint` without yielding to other work: for the last moments of a process. */
export function writeCheckpointSync(path: string, checkpoint: Checkpoint): void {
  const chunks = encode(checkpoint);
  try {
    writeAtomicallySync(path, chunks);
  } catch (error) {
    throw unwritable(error, path);
  }
}

/**
 * Reads a checkpoint; nothing in the file is executed. Files from other programs may leave out metadata and the checksum.
 *
 * @throws PL3001 when the file cannot be read, PL3002 to PL3007 when it is damaged, PL3008 when it is no checkpoint
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const { tensors, metadata } = await readSafetensors(path);
  const stateDict = new Map<string, TensorData>();
  const optimizerTensors = new Map<string, TensorData>();
  for (const [name, tensor] of tensors) {
    if (name.startsWith(STATE_DICT)) stateDict.set(name.slice(STATE_DICT.length), tensor);
    else if (name.startsWith(OPTIMIZER_STATES))
      optimizerTensors.set(name.slice(OPTIMIZER_STATES.length), tensor);
    else {
      throw new PLError(
        'PL3008',
        `${path} is no checkpoint: its tensor "${name}" is not below state_dict or optimizer_states`,
        {
          hint: `Plain weights become a checkpoint when each name gets the prefix "${STATE_DICT}".`,
        },
      );
    }
  }
  const field = metadataReader(metadata, path);
  const extra = field('extra', isRecord, 'a record');
  return {
    stateDict,
    optimizerStates: {
      tensors: optimizerTensors,
      scalars: field('optimizer_states', Array.isArray, 'a list') ?? [],
    },
    epoch: field('epoch', isCount, 'a count') ?? 0,
    globalStep: field('global_step', isCount, 'a count') ?? 0,
    plVersion: field('pl_version', isString, 'text') ?? '',
    loops: field('loops', isAnything, '') ?? null,
    callbacks: field('callbacks', isRecord, 'a record') ?? {},
    lrSchedulers: field('lr_schedulers', Array.isArray, 'a list') ?? [],
    hyperParameters: field('hyper_parameters', isRecord, 'a record') ?? {},
    rng: field('rng', isAnything, '') ?? null,
    samplers: field('samplers', isAnything, '') ?? null,
    ...(extra === undefined ? {} : { extra }),
  };
}

function encode(checkpoint: Checkpoint): Uint8Array[] {
  const { stateDict, optimizerStates } = checkpoint;
  const tensors = new Map<string, TensorData>();
  for (const [name, tensor] of stateDict) tensors.set(STATE_DICT + name, tensor);
  for (const [name, tensor] of optimizerStates.tensors) tensors.set(OPTIMIZER_STATES + name, tensor);
  const fields = {
    epoch: checkpoint.epoch,
    global_step: checkpoint.globalStep,
    pl_version: checkpoint.plVersion,
    loops: checkpoint.loops,
    callbacks: checkpoint.callbacks,
    lr_schedulers: checkpoint.lrSchedulers,
    optimizer_states: optimizerStates.scalars,
    hyper_parameters: checkpoint.hyperParameters,
    rng: checkpoint.rng,
    samplers: checkpoint.samplers,
    ...(checkpoint.extra === undefined ? {} : { extra: checkpoint.extra }),
  };
  const metadata = Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, encodeJson(value, name)]),
  );
  return encodeSafetensors({ tensors, metadata });
}

function metadataReader(metadata: Record<string, string>, path: string) {
  return <T>(name: string, is: (value: unknown) => value is T, wanted: string): T | undefined => {
    const text = metadata[name];
    if (text === undefined) return undefined;
    let value: unknown;
    try {
      value = decodeJson(text);
    } catch (cause) {
      throw malformed(path, name, 'is not valid JSON', cause);
    }
    if (!is(value)) throw malformed(path, name, `is not ${wanted}`);
    return value;
  };
}

function malformed(path: string, name: string, what: string, cause?: unknown): PLError {
  return new PLError('PL3008', `${path}: the metadata "${name}" ${what}`, {
    hint: 'The file was changed by another program, or is no checkpoint of this framework.',
    cause,
  });
}

function unwritable(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined || error instanceof PLError) return error;
  return new PLError('PL3010', `The checkpoint ${path} cannot be written: ${whyUnwritable(code)}`, {
    hint: 'Nothing was changed. Free the place, or choose another folder for checkpoints (dirpath, or trainer.defaultRootDir).',
    cause: error,
  });
}

const isString = (value: unknown): value is string => typeof value === 'string';
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isAnything = (_value: unknown): _value is unknown => true;
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
