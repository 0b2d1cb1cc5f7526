/** Headers as they came over the wire: `[name, value, ...]`. */
export function pairs(rawHeaders: readonly string[]): [name: string, value: string][] {
  const result: [string, string][] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) result.push([rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '']);
  return result;
}

/** The values of a header, in any letter case, one for each line. */
export function valuesOf(rawHeaders: readonly string[], wanted: string): string[] {
  return pairs(rawHeaders)
    .filter(([name]) => name.toLowerCase() === wanted)
    .map(([, value]) => value);
}
