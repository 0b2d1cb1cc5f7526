/** Control and format characters, lone surrogates and line separators, except the joiners that emoji use. */
const UNPRINTABLE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const ZERO_WIDTH = /^[\p{Mn}\p{Me}\u200c\u200d]$/u;
/** East Asian wide characters and emoji, which take two columns. */
const DOUBLE_WIDTH =
  /^[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u;

/**
 * Makes text from outside, such as a run's name, safe to print. Characters that could move the cursor, color the
 * terminal or reverse the reading direction are shown as `\x1b` or `\u202e`.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code <= 0xff
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** Estimates how many columns `text` occupies in a terminal. */
export function columns(text: string): number {
  let total = 0;
  for (const character of text) total += columnsOf(character);
  return total;
}

/** Returns `text`, cut (with `…`) or padded with spaces to exactly `width` columns. */
export function toWidth(text: string, width: number): string {
  const cut = truncate(text, width);
  return cut + ' '.repeat(Math.max(0, width - columns(cut)));
}

/** Returns `text`, cut (with `…`) if it occupies more than `width` columns. */
export function truncate(text: string, width: number): string {
  let taken = 0;
  let cut = '';
  for (const character of text) {
    taken += columnsOf(character);
    // The text so far must leave room for the `…`, unless the text ends here.
    if (taken > width) return `${dropToWidth(cut, width - 1)}…`;
    cut += character;
  }
  return text;
}

function dropToWidth(text: string, width: number): string {
  const characters = [...text];
  while (columns(characters.join('')) > width) characters.pop();
  return characters.join('');
}

function columnsOf(character: string): number {
  if (character >= ' ' && character <= '~') return 1;
  if (ZERO_WIDTH.test(character)) return 0;
  return DOUBLE_WIDTH.test(character) ? 2 : 1;
}
