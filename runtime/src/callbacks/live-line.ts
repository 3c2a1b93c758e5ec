/** What a live line needs of a stream. */
export interface TextStream {
  write(text: string | Uint8Array, ...rest: never[]): boolean;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const eraseLine = '\r\x1b[K';
const newline = 10;

/**
 * The bottom line of a terminal, rewritten in place. What the rest of the program writes to the terminal meanwhile
 * (`console.log` in a training step, a warning) appears above it.
 */
export class LiveLine {
  readonly #stream: TextStream;
  readonly #others: readonly TextStream[];
  #text = '';
  #isDrawn = false;
  /** Whether others left the cursor behind text of theirs. */
  #isMidLine = false;
  #release: (() => void) | undefined;
  #raw: (text: string) => void;

  /** @param others streams that may reach the same terminal, `stream` among them */
  constructor(stream: TextStream, others: readonly TextStream[]) {
    this.#stream = stream;
    this.#others = others.filter((other) => other.isTTY);
    this.#raw = (text) => void stream.write(text);
  }

  /** Shows `text` in the place of what was shown before. */
  draw(text: string): void {
    this.#release ??= this.#guard();
    if (this.#isMidLine) this.#raw('\n');
    this.#isMidLine = false;
    this.#raw(eraseLine + text);
    this.#text = text;
    this.#isDrawn = true;
  }

  /** Takes the line away. */
  erase(): void {
    if (this.#isDrawn) this.#raw(eraseLine);
    this.#isDrawn = false;
  }

  /** Writes a line that stays, in the place of the live one. */
  keep(text: string): void {
    this.erase();
    this.#raw(`${text}\n`);
  }

  /** Leaves what is shown where it is, the cursor on a fresh line and the streams as they were. */
  end(): void {
    if (this.#isDrawn) this.#raw('\n');
    this.#isDrawn = false;
    this.#release?.();
    this.#release = undefined;
  }

  /** Makes room when others write, until the returned function is called. */
  #guard(): () => void {
    const raw = this.#raw;
    const write = this.#stream.write;
    this.#raw = (text) => void write.call(this.#stream, text);
    const releases = this.#others.map((other) => this.#guardStream(other));
    const onExit = () => this.end();
    process.once('exit', onExit);
    return () => {
      process.off('exit', onExit);
      for (const release of releases) release();
      this.#raw = raw;
    };
  }

  #guardStream(other: TextStream): () => void {
    const original = other.write;
    const guarded: TextStream['write'] = (text, ...rest) => {
      const wasDrawn = this.#isDrawn;
      this.erase();
      const result = original.call(other, text, ...rest);
      if (text.length > 0) this.#isMidLine = text.at(-1) !== '\n' && text.at(-1) !== newline;
      if (wasDrawn && !this.#isMidLine) this.draw(this.#text);
      return result;
    };
    other.write = guarded;
    return () => {
      if (other.write === guarded) other.write = original;
    };
  }
}
