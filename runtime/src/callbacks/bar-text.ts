/** What a progress bar shows. */
export interface BarState {
  /** For example `Epoch 3/10`. */
  label: string;
  /** Batches done. */
  done: number;
  /** Batches there are; Infinity where nobody knows. */
  total: number;
  /** Time taken so far. */
  seconds: number;
  /** Batches per second; undefined before the first. */
  rate: number | undefined;
  metrics: Readonly<Record<string, number>>;
}

/** A piece of a line, and how a terminal with colours shows it. */
export interface Segment {
  text: string;
  style?: 'cyan' | 'dim';
}

const barWidth = 10;
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/**
 * `Epoch 3/10  45%|████▌     | 10/22 [00:01<00:02, 41.2 batches/s] train_loss=0.123 val_acc=0.97`. Where the width is
 * too small, first the unit of the rate goes, then the bar, the times, and then what is at the end.
 *
 * @param width columns that the line may take
 */
export function barLine(state: BarState, width: number): Segment[] {
  const metrics = [{ text: metricsText(state.metrics) }];
  const times = (perSecond: string, perBatch: string): Segment[] => [
    { text: timesText(state, perSecond, perBatch), style: 'dim' },
  ];
  const layouts = [
    [withBar(state), times(' batches/s', ' s/batch'), metrics],
    [withBar(state), times('/s', ' s'), metrics],
    [withoutBar(state), times('/s', ' s'), metrics],
    [withoutBar(state), metrics],
  ].map(spaced);
  return (
    layouts.find((line) => textOf(line).length <= width) ?? [{ text: cut(textOf(layouts.at(-1)!), width) }]
  );
}

export const textOf = (line: readonly Segment[]): string => line.map(({ text }) => text).join('');

const cut = (text: string, width: number) => (width < 1 ? '' : `${text.slice(0, width - 1)}…`);

/** Joins the parts that have text, a space between them. */
function spaced(parts: readonly Segment[][]): Segment[] {
  return parts
    .filter((part) => textOf(part) !== '')
    .flatMap((part, i) => (i === 0 ? part : [{ text: ' ' }, ...part]));
}

function withBar({ label, done, total }: BarState): Segment[] {
  if (!Number.isFinite(total)) return [{ text: `${label} ${done} batches` }];
  const [filled, empty] = bar(shareOf(done, total));
  return [
    { text: `${label} ${percent(done, total)}|` },
    { text: filled, style: 'cyan' },
    { text: `${empty}| ${done}/${total}` },
  ];
}

function withoutBar({ label, done, total }: BarState): Segment[] {
  const count = Number.isFinite(total) ? `${percent(done, total)} ${done}/${total}` : `${done} batches`;
  return [{ text: `${label} ${count}` }];
}

const shareOf = (done: number, total: number) => (total === 0 ? 1 : Math.min(1, done / total));

const percent = (done: number, total: number) => `${Math.floor(shareOf(done, total) * 100)}%`.padStart(4);

function bar(share: number): [filled: string, empty: string] {
  const steps = Math.floor(share * barWidth * 8);
  const filled = '█'.repeat(Math.floor(steps / 8)) + eighths[steps % 8];
  return [filled, ' '.repeat(barWidth - filled.length)];
}

function timesText({ done, total, seconds, rate }: BarState, perSecond: string, perBatch: string): string {
  const left =
    rate === undefined || !Number.isFinite(total) || done >= total
      ? ''
      : `<${clock(Math.max(0, total - done) / rate)}`;
  const pace =
    rate === undefined || rate === 0
      ? ''
      : rate >= 1
        ? `, ${shownNumber(rate, 3)}${perSecond}`
        : `, ${shownNumber(1 / rate, 3)}${perBatch}`;
  return `[${clock(seconds)}${left}${pace}]`;
}

/** `mm:ss`, or `h:mm:ss` from an hour on. */
function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const minutes = `${String(m).padStart(2, '0')}:${String(s).padStart(2, '0')}`;
  return h === 0 ? minutes : `${h}:${minutes}`;
}

/** `Epoch 3/10: 22 batches in 3.1 s, train_loss=0.123, val_acc=0.97`: for logs, without control characters. */
export function plainLine({ label, done, seconds, metrics }: BarState): string {
  const shown = metricsText(metrics, ', ');
  return `${label}: ${done} batches in ${seconds < 10 ? `${seconds.toFixed(1)} s` : clock(seconds)}${shown && ', '}${shown}`;
}

const metricsText = (metrics: Readonly<Record<string, number>>, separator = ' '): string =>
  Object.entries(metrics)
    .map(([name, value]) => `${name}=${shownNumber(value)}`)
    .join(separator);

/** A number with at most so many significant digits; whole numbers below a million with all of theirs. */
export function shownNumber(value: number, digits = 4): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e6) return String(value);
  if (size >= 1e5 || size < 1e-3)
    return value
      .toExponential(digits - 2)
      .replace(/(\.\d*?)0*e/, '$1e')
      .replace(/\.?e\+?/, 'e');
  return String(Number(value.toPrecision(digits)));
}
