export interface JSONToken {
  readonly kind: 'key' | 'string' | 'number' | 'word' | 'plain';
  readonly text: string;
}

export interface JSONView {
  readonly tokens: readonly JSONToken[];
  /** The number of characters that were cut. */
  readonly hidden: number;
}

const TOKEN =
  /("(?:\\.|[^"\\])*")(\s*:)?|(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)|(true|false|null)|[^"\-\dtfn]+|[\s\S]/gi;

/**
 * Formats a value as indented JSON and splits it into tokens for syntax colouring. Line breaks within strings are
 * shown as line breaks, so that prompts are readable.
 *
 * @param limit the maximum number of characters
 */
export function jsonTokens(value: unknown, limit: number): JSONView {
  const json = JSON.stringify(value, null, 2) ?? '';
  const tokens: JSONToken[] = [];
  for (const [whole, text, colon, number, word] of json.slice(0, limit).matchAll(TOKEN)) {
    if (text !== undefined && colon !== undefined) {
      tokens.push({ kind: 'key', text }, { kind: 'plain', text: colon });
    } else if (text !== undefined) {
      tokens.push({ kind: 'string', text: withLineBreaks(text) });
    } else if (number !== undefined) {
      tokens.push({ kind: 'number', text: number });
    } else {
      tokens.push({ kind: word === undefined ? 'plain' : 'word', text: whole });
    }
  }
  return { tokens, hidden: Math.max(0, json.length - limit) };
}

function withLineBreaks(text: string): string {
  return text.replace(/\\(.)/g, (sequence, character) => (character === 'n' ? '\n' : sequence));
}
