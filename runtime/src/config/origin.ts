/** Where a setting's value came from. */
export type Origin =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly file: string; readonly line: number; readonly column: number }
  | { readonly kind: 'environment'; readonly variable: string; readonly file?: string }
  | { readonly kind: 'flag'; readonly flag: string }
  | { readonly kind: 'code' };

/** As `--print-config` and error messages name it: `default`, `config.yaml:3:14`, `PL_SEED`, `--seed`, `code`. */
export function describeOrigin(origin: Origin): string {
  switch (origin.kind) {
    case 'file':
      return `${origin.file}:${origin.line}:${origin.column}`;
    case 'environment':
      return origin.file === undefined ? origin.variable : `${origin.variable} in ${origin.file}`;
    case 'flag':
      return origin.flag;
    default:
      return origin.kind;
  }
}
