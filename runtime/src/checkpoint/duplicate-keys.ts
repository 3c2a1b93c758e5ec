/**
 * The first key that an object in a valid JSON text has twice, which `JSON.parse` passes over in silence; undefined
 * when there is none.
 */
export function findDuplicateKey(json: string): string | undefined {
  const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/g;
  const open: Set<string>[] = [];
  for (const [text, colon] of json.matchAll(token)) {
    if (text === '{') open.push(new Set());
    else if (text === '}') open.pop();
    else if (colon !== undefined) {
      const key = JSON.parse(text.slice(0, text.lastIndexOf('"') + 1)) as string;
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}
