import { type FormatName, fastFormats } from 'ajv-formats/dist/formats.js';

/** Formats that a regular expression decides: those can stand in a generated validator without any library. */
export const formats: ReadonlyMap<string, RegExp> = new Map(
  (Object.keys(fastFormats) as FormatName[]).flatMap((name) => {
    const format = fastFormats[name];
    return format instanceof RegExp ? [[name, format] as const] : [];
  }),
);
