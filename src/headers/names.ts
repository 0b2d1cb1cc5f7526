/** The two headers of LangSmith's distributed tracing, as they are written on the wire. */
export const TRACE_HEADER = 'langsmith-trace';
export const BAGGAGE_HEADER = 'baggage';

/**
 * Whether `candidate` is the header `name`, which is lower case. The first letters are compared first, because most
 * headers of the same length differ there and a lower-case copy allocates a string.
 */
export function isNamed(candidate: unknown, name: string): boolean {
  if (typeof candidate !== 'string' || candidate.length !== name.length) return false;
  if ((candidate.charCodeAt(0) | 0x20) !== name.charCodeAt(0)) return false;
  return candidate === name || candidate.toLowerCase() === name;
}
