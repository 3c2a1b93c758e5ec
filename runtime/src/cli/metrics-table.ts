/** Metrics of an evaluation as a table: a row a metric, a column a data loader. */
export function metricsTable(stage: string, metrics: readonly Readonly<Record<string, number>>[]): string {
  const names = [...new Set(metrics.flatMap((loader) => Object.keys(loader)))];
  const header = [
    `${stage} metric`,
    ...(metrics.length === 1 ? [''] : metrics.map((_, i) => `data loader ${i}`)),
  ];
  const rows = names.map((name) => [
    name,
    ...metrics.map((loader) =>
      loader[name] === undefined ? '' : String(Number(loader[name].toPrecision(6))),
    ),
  ]);
  const table = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const rule = widths.map((width) => '─'.repeat(width)).join('──');
  const lines = table.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
  return [rule, lines[0], rule, ...(rows.length === 0 ? ['nothing was logged'] : lines.slice(1)), rule].join(
    '\n',
  );
}
