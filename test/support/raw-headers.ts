/** Splits headers as they arrived over the wire, `[name, value, ...]`, into pairs. */
export function pairs(rawHeaders: readonly string[]): [name: string, value: string][] {
  const result: [string, string][] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) result.push([rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '']);
  return result;
}

/** Returns the values of a header, whatever the case of its name, one for each header line. */
export function valuesOf(rawHeaders: readonly string[], wanted: string): string[] {
  return pairs(rawHeaders)
    .filter(([name]) => name.toLowerCase() === wanted)
    .map(([, value]) => value);
}
