import { PLError } from '../errors/pl-error.js';
import { formatSpec } from './format-spec.js';

export interface CheckpointNameOptions {
  /** Writes `{val_loss:.2f}` as `val_loss=0.12` instead of `0.12`. */
  autoInsertMetricName: boolean;
}

/** Metrics that count: written without a decimal point. */
const counters: ReadonlySet<string> = new Set(['epoch', 'step']);

/**
 * Fills a file-name template: `{epoch}-{val_loss:.2f}` becomes `epoch=3-val_loss=0.12`. What follows the colon is
 * Python's format specification. A metric that is not there is 0.
 *
 * @throws PLError PL5051 for a field without a name or a specification that is none
 */
export function fillCheckpointName(
  template: string,
  metrics: Readonly<Record<string, number>>,
  { autoInsertMetricName }: CheckpointNameOptions,
): string {
  return template.replace(/\{([^{}:]*)(?::([^{}]*))?\}/g, (field, name: string, spec: string | undefined) => {
    if (name === '') {
      throw new PLError('PL5051', `the file name '${template}' has a field without a name.`, {
        hint: 'Write the name of a metric between the braces, for example {epoch}-{val_loss:.2f}.',
      });
    }
    const value = metrics[name];
    const isCount = value === undefined || (counters.has(name) && Number.isInteger(value));
    const text = formatSpec(value ?? 0, spec ?? '', isCount);
    if (text === undefined) {
      throw new PLError(
        'PL5051',
        `the field ${field} of the file name '${template}' has a format that is none.`,
        {
          hint: 'After the colon comes a format such as .2f (two decimals), 03d (three digits), .1e or .1%.',
        },
      );
    }
    return autoInsertMetricName ? `${name}=${text}` : text;
  });
}
