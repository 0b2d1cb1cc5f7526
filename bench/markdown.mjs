/** Formats tables as Markdown. Pure. */

/** @param {readonly string[]} head  @param {readonly (readonly (string | number)[])[]} rows */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}
