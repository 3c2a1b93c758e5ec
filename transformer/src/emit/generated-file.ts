/** A file that the compiler writes. */
export interface GeneratedFile {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
}

/** First line of every generated file: only files that begin with it are ever removed. */
export const BANNER = '// Written by the compiler (`pl generate`); changes are lost.';
