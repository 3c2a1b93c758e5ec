import pc from 'picocolors';
import { PLError } from '../errors/pl-error.js';
import { Hook } from '../hooks/decorators.js';
import type { LightningModule } from '../module/lightning-module.js';
import type { Trainer } from '../trainer/trainer.js';
import { Callback } from './callback.js';
import type { TextStream } from './live-line.js';
import { type Summary, type SummaryOptions, type SummaryRow, summarize } from './summarize.js';

export interface ModelSummaryOptions extends SummaryOptions {
  /** Where the table goes. Default stderr, so that stdout has results only. */
  stream?: TextStream;
}

/** Prints a table of the module's layers, their parameters and shapes before training. */
export class ModelSummary extends Callback {
  override readonly rankZeroOnly = true;
  readonly #maxDepth: number;
  readonly #stream: TextStream;

  /** @throws PLError PL5055 for a depth that is none */
  constructor({ maxDepth = 1, stream = process.stderr }: ModelSummaryOptions = {}) {
    super();
    if (!Number.isInteger(maxDepth) || maxDepth < -1) {
      throw new PLError(
        'PL5055',
        `the model summary's maxDepth is ${maxDepth}; wanted a whole number from -1.`,
        {
          hint: '1 shows the parts of the module, 2 also theirs, -1 all levels, 0 only the totals.',
        },
      );
    }
    this.#maxDepth = maxDepth;
    this.#stream = stream;
  }

  @Hook('on_fit_start')
  printSummary(_trainer: Trainer, module: LightningModule): void {
    const { dim } = pc.createColors(this.#stream.isTTY === true && !process.env.NO_COLOR);
    const [header, ...lines] = summaryLines(summarize(module, { maxDepth: this.#maxDepth }));
    this.#stream.write(`${[dim(header!), ...lines].join('\n')}\n`);
  }
}

/** The table: a header, a line for each row, the totals. */
export function summaryLines({ rows, megabytes, ...counts }: Summary): string[] {
  const { trainableParameters, nonTrainableParameters, totalParameters } = counts;
  const table = [['Name', 'Type', 'Parameters', 'Output shape', 'Mode'], ...rows.map(cells)];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => (column === 2 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
  const totals = [
    `${thousands(trainableParameters)} trainable parameters`,
    `${thousands(nonTrainableParameters)} non-trainable`,
    `${thousands(totalParameters)} in total`,
    `${megabytes < 0.1 ? 'under 0.1' : megabytes.toFixed(1)} MB in float32`,
  ].join(', ');
  return [...(rows.length === 0 ? [] : lines), totals];
}

function cells({ path, type, parameters, outputShapes, mode }: SummaryRow): string[] {
  const shapes = outputShapes.map((shape) => `[${shape.map((size) => size ?? '?').join(', ')}]`);
  return [path, type, thousands(parameters), shapes.join(', '), mode ?? ''];
}

const thousands = (count: number) => count.toLocaleString('en-US');
