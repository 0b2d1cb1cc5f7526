/** Values nested deeper than this are left out. */
const MAX_DEPTH = 6;

/**
 * Formats the values in `value` as one line: `orderId: A-1013, quantity: 500`. The traversal stops at the limit,
 * because inputs can have megabytes.
 *
 * @param limit the maximum number of characters
 */
export function previewText(value: unknown, limit: number): string {
  let text = '';
  for (const part of parts(value, '', 0, limit)) {
    text += text === '' ? part : `, ${part}`;
    if (text.length >= limit) return `${text.slice(0, limit - 1)}…`;
  }
  return text;
}

/** Returns the beginning of a text as one line. */
export function oneLine(text: string, limit: number): string {
  const line = text.slice(0, limit).replace(/\s+/g, ' ').trim();
  return text.length > limit ? `${line}…` : line;
}

function* parts(value: unknown, key: string, depth: number, limit: number): Generator<string> {
  if (value === null || value === undefined || value === '') return;
  if (typeof value !== 'object') {
    const text = oneLine(String(value), limit);
    yield key === '' ? text : `${key}: ${text}`;
    return;
  }
  if (depth === MAX_DEPTH) return;
  if (Array.isArray(value)) {
    for (const item of value) yield* parts(item, key, depth + 1, limit);
    return;
  }
  for (const name in value) {
    yield* parts((value as Record<string, unknown>)[name], name.slice(0, limit), depth + 1, limit);
  }
}
