import { describe, expect, it } from 'vitest';
import { metricsTable } from './metrics-table.js';

describe('the table of metrics', () => {
  it('has a row a metric', () => {
    expect(metricsTable('test', [{ test_loss: 0.123456789, test_acc: 0.9833 }])).toBe(
      [
        '───────────────────────',
        'test metric',
        '───────────────────────',
        'test_loss    0.123457',
        'test_acc     0.9833',
        '───────────────────────',
      ]
        .join('\n')
        .replaceAll('─'.repeat(23), '─'.repeat(21)),
    );
  });

  it('has a column a data loader', () => {
    const table = metricsTable('validation', [
      { 'loss/dataloader_idx_0': 1 },
      { 'loss/dataloader_idx_1': 2, f1: 3 },
    ]);
    expect(table.split('\n').slice(1, -1)).toEqual([
      'validation metric      data loader 0  data loader 1',
      expect.any(String),
      'loss/dataloader_idx_0  1',
      'loss/dataloader_idx_1                 2',
      'f1                                    3',
    ]);
  });

  it('says when there is nothing', () => {
    expect(metricsTable('test', [{}])).toContain('nothing was logged');
  });
});
