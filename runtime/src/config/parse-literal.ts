/**
 * Reads a value written as JSON or as a Python literal (what `ast.literal_eval` takes, less complex numbers, bytes,
 * sets and `...`): `True`, `None`, `'a'`, `(1, 2)`, `4_2`, `0x10`, `{0: 1, 4: 8}`, `1 # comment`.
 * Undefined when the text is neither. Nothing is evaluated.
 */
export function parseLiteral(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return new LiteralReader(text).read();
  }
}

/** Deeper nesting than any setting has; keeps hostile text from overflowing the stack. */
const MAX_DEPTH = 100;

const KEYWORDS = new Map<string, unknown>([
  ['True', true],
  ['true', true],
  ['False', false],
  ['false', false],
  ['None', null],
  ['null', null],
]);

const FLOAT =
  /(?:\d(?:_?\d)*)?\.\d(?:_?\d)*(?:[eE][+-]?\d(?:_?\d)*)?|\d(?:_?\d)*\.?[eE][+-]?\d(?:_?\d)*|\d(?:_?\d)*\./y;
const INTEGER = /0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|[1-9](?:_?\d)*|0(?:_?0)*/y;
const WORD = /[A-Za-z]+/y;
const SPACE = /(?:[ \t\r\n\f]|#[^\n]*)*/y;
const SIMPLE_ESCAPES = new Map(
  Object.entries({
    '\\': '\\',
    "'": "'",
    '"': '"',
    a: '\x07',
    b: '\b',
    f: '\f',
    n: '\n',
    r: '\r',
    t: '\t',
    v: '\v',
    '\n': '',
  }),
);
const CODE_ESCAPE = /x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})/y;

/** Thrown inside the reader only: the text is not a literal. */
class NotALiteral extends Error {}

class LiteralReader {
  #at = 0;

  constructor(readonly text: string) {}

  read(): { value: unknown } | undefined {
    try {
      const value = this.#items(0, '');
      // `1,` and `1, 2` without parentheses are tuples too.
      return { value: value.comma ? value.items : value.items[0] };
    } catch (error) {
      if (error instanceof NotALiteral) return undefined;
      throw error;
    }
  }

  /** Values up to `close` (the end of the text when empty); without `close`, at least one. */
  #items(depth: number, close: string): { items: unknown[]; comma: boolean } {
    const items: unknown[] = [];
    let comma = false;
    for (;;) {
      if (this.#accept(close) && (items.length > 0 || close !== '')) return { items, comma };
      if (items.length > 0 && !comma) throw new NotALiteral();
      items.push(this.#value(depth));
      const more = this.#acceptComma();
      comma ||= more;
      if (!more) {
        if (!this.#accept(close)) throw new NotALiteral();
        return { items, comma };
      }
    }
  }

  #value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new NotALiteral();
    this.#match(SPACE);
    switch (this.text[this.#at]) {
      case '[':
        this.#at++;
        return this.#items(depth + 1, ']').items;
      case '(':
        return this.#parenthesised(depth + 1);
      case '{':
        return this.#object(depth + 1);
      case "'":
      case '"':
        return this.#strings();
      default:
        return this.#keywordOrNumber();
    }
  }

  #parenthesised(depth: number): unknown {
    this.#at++;
    const { items, comma } = this.#items(depth, ')');
    return items.length === 1 && !comma ? items[0] : items;
  }

  #object(depth: number): Record<string, unknown> {
    this.#at++;
    const entries: [string, unknown][] = [];
    while (!this.#accept('}')) {
      const key = this.#value(depth);
      if (typeof key !== 'string' && typeof key !== 'number') throw new NotALiteral();
      if (!this.#accept(':')) throw new NotALiteral();
      entries.push([String(key), this.#value(depth)]);
      if (!this.#acceptComma()) {
        if (!this.#accept('}')) throw new NotALiteral();
        break;
      }
    }
    // fromEntries defines own properties, so that a key `__proto__` stays a key.
    return Object.fromEntries(entries);
  }

  /** One string, or several side by side, which are one. */
  #strings(): string {
    let value = '';
    do {
      value += this.#string();
      this.#match(SPACE);
    } while (this.text[this.#at] === "'" || this.text[this.#at] === '"');
    return value;
  }

  #string(): string {
    const quote = this.text[this.#at]!;
    const close = this.text.startsWith(quote.repeat(3), this.#at) ? quote.repeat(3) : quote;
    this.#at += close.length;
    let value = '';
    while (!this.text.startsWith(close, this.#at)) {
      const char = this.text[this.#at];
      if (char === undefined || (char === '\n' && close.length === 1)) throw new NotALiteral();
      this.#at++;
      value += char === '\\' ? this.#escape() : char;
    }
    this.#at += close.length;
    return value;
  }

  #escape(): string {
    const char = this.text[this.#at];
    if (char === undefined) throw new NotALiteral();
    const simple = SIMPLE_ESCAPES.get(char);
    if (simple !== undefined) {
      this.#at++;
      return simple;
    }
    CODE_ESCAPE.lastIndex = this.#at;
    const code = CODE_ESCAPE.exec(this.text);
    if (code) {
      this.#at = CODE_ESCAPE.lastIndex;
      const hex = code[1] ?? code[2] ?? code[3];
      const point = hex === undefined ? Number.parseInt(code[4]!, 8) : Number.parseInt(hex, 16);
      if (point > 0x10ffff) throw new NotALiteral();
      return String.fromCodePoint(point);
    }
    if (/[xuUN]/.test(char)) throw new NotALiteral();
    return '\\'; // an unknown escape is a backslash, as in Python
  }

  #keywordOrNumber(): unknown {
    const word = this.#match(WORD);
    if (word !== '') {
      if (!KEYWORDS.has(word)) throw new NotALiteral();
      return KEYWORDS.get(word);
    }
    const negative = this.text[this.#at] === '-';
    if (negative || this.text[this.#at] === '+') this.#at++;
    this.#match(SPACE);
    const digits = this.#match(FLOAT) || this.#match(INTEGER);
    if (digits === '') throw new NotALiteral();
    const value = Number(digits.replaceAll('_', ''));
    return negative ? -value : value;
  }

  #acceptComma(): boolean {
    return this.#accept(',');
  }

  /** Skips space, then takes `token` if it comes next. The empty token is the end of the text. */
  #accept(token: string): boolean {
    this.#match(SPACE);
    if (token === '') return this.#at === this.text.length;
    if (!this.text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }
}
