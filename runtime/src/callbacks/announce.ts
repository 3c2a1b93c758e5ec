/** Writes a line about the run to stderr; a live progress bar makes room for it. */
export function announce(line: string): void {
  process.stderr.write(`${line}\n`);
}
