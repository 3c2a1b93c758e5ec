import type { Setting } from '@pl-ts/runtime/config';

/** The text of `.env.example`: every variable, commented out, with its default, its type and what it is for. */
export function envExample(settings: readonly Setting[]): string {
  const lines = [
    '# Every setting of this project as an environment variable, with its default (written by `pl generate`).',
    '# Copy the lines that you need to .env; variables of the environment itself win over those in .env.',
  ];
  let group: string | undefined;
  for (const setting of settings) {
    const [first] = setting.path.split('.');
    const own = setting.path.includes('.') ? first : '';
    if (own !== group) lines.push('', ...(own === '' ? [] : [`# --- ${own} ---`, '']));
    group = own;
    const text = setting.description === '' ? '' : ` ${setting.description}`;
    lines.push(`# ${setting.type}.${text}`, `# ${setting.env}=${valueText(setting)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** A value as `.env` holds it: text stays bare unless a reader of such files, or ours, would take it for something else. */
function valueText({ default: value }: Setting): string {
  if (value === undefined || value === '') return '';
  const text = typeof value === 'string' && /^[\w./:@%+-]+$/.test(value) ? value : JSON.stringify(value);
  if (!/["'`#\\]|^\s|\s$/.test(text)) return text;
  const quote = ["'", '`'].find((mark) => !text.includes(mark));
  return quote === undefined ? text : `${quote}${text}${quote}`;
}
