import { announce } from '../callbacks/announce.js';

/** What one trainer warns of: a line each, and each line once. */
export class Notices {
  readonly #given = new Set<string>();

  warn(line: string): void {
    if (this.#given.has(line)) return;
    this.#given.add(line);
    announce(`Warning: ${line}`);
  }
}
