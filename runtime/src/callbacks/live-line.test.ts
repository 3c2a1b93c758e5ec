import { afterEach, describe, expect, it } from 'vitest';
import { LiveLine, type TextStream } from './live-line.js';

/** A terminal that interprets what is written to it: lines, the cursor in the last one. */
class Terminal {
  readonly lines = [''];
  readonly out: TextStream = this.#stream();
  readonly err: TextStream = this.#stream();

  #stream(): TextStream {
    return {
      isTTY: true,
      write: (text) => {
        for (const piece of String(text)
          .replaceAll('\r\x1b[K', '\r')
          .split(/(\r|\n)/)) {
          if (piece === '\r') this.lines[this.lines.length - 1] = '';
          else if (piece === '\n') this.lines.push('');
          else this.lines[this.lines.length - 1] += piece;
        }
        return true;
      },
    };
  }
}

describe('LiveLine', () => {
  let line: LiveLine | undefined;
  const begin = (terminal: Terminal) => {
    line = new LiveLine(terminal.err, [terminal.out, terminal.err]);
    return line;
  };
  afterEach(() => line?.end());

  it('replaces what it showed', () => {
    const terminal = new Terminal();
    const live = begin(terminal);
    live.draw('one, long');
    live.draw('two');
    expect(terminal.lines).toEqual(['two']);
  });

  it('keeps lines above', () => {
    const terminal = new Terminal();
    const live = begin(terminal);
    live.draw('running');
    live.keep('epoch 1 done');
    live.draw('running again');
    expect(terminal.lines).toEqual(['epoch 1 done', 'running again']);
  });

  it('makes room for what others write', () => {
    const terminal = new Terminal();
    const live = begin(terminal);
    live.draw('45%');
    terminal.out.write('hello\n');
    terminal.err.write('a warning\n');
    live.draw('46%');
    expect(terminal.lines).toEqual(['hello', 'a warning', '46%']);
  });

  it('does not overwrite a line that others have begun', () => {
    const terminal = new Terminal();
    const live = begin(terminal);
    live.draw('45%');
    terminal.out.write('half');
    live.draw('46%');
    expect(terminal.lines).toEqual(['half', '46%']);
  });

  it('leaves the cursor on a fresh line and the streams as they were', () => {
    const terminal = new Terminal();
    const { write } = terminal.out;
    const live = begin(terminal);
    live.draw('45%');
    expect(terminal.out.write).not.toBe(write);
    live.end();
    expect(terminal.lines).toEqual(['45%', '']);
    expect(terminal.out.write).toBe(write);
  });

  it('leaves what is not a terminal alone', () => {
    const terminal = new Terminal();
    const file: TextStream = { write: () => true };
    const { write } = file;
    line = new LiveLine(terminal.err, [terminal.err, file]);
    line.draw('45%');
    expect(file.write).toBe(write);
  });
});
