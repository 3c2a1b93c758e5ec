import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fillCheckpointName } from './checkpoint-name.js';
import { ModelCheckpoint } from './model-checkpoint.js';

// Recorded by running Lightning 2.6.5; test/reference/README.md describes the file.
interface Named {
  filename: string | null;
  metrics: Record<string, number>;
  auto_insert_metric_name: boolean;
  ver: number | null;
  result?: string;
}
const { format_checkpoint_name: recorded }: { format_checkpoint_name: Named[] } = JSON.parse(
  readFileSync(new URL('../../../test/reference/model_checkpoint_2.6.5.json', import.meta.url), 'utf8'),
);

describe('file names of checkpoints', () => {
  it.each(recorded)('$filename with $metrics, version $ver', (given) => {
    const { filename, metrics, auto_insert_metric_name: autoInsertMetricName, ver, result } = given;
    const callback = new ModelCheckpoint({ dirpath: '/d', filename, autoInsertMetricName });
    const name = () => callback.formatCheckpointName(metrics, ver === null ? {} : { version: ver });
    if (result === undefined) expect(name).toThrow(/field without a name/);
    else expect(name()).toBe(result);
  });

  it('refuses a format that is none', () => {
    const name = () => fillCheckpointName('{val_loss:two}', { val_loss: 1 }, { autoInsertMetricName: true });
    expect(name).toThrow('{val_loss:two}');
  });
});
