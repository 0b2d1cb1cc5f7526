/** The two headers of LangSmith's distributed tracing, as they are written on the wire. */
export const TRACE_HEADER = 'langsmith-trace';
export const BAGGAGE_HEADER = 'baggage';

/**
 * Whether `candidate` is the header `name`, which is lower case. The first letters are compared first: most headers of
 * that length are others, and a lower-case copy is an object.
 */
export function isNamed(candidate: unknown, name: string): boolean {
  if (typeof candidate !== 'string' || candidate.length !== name.length) return false;
  if ((candidate.charCodeAt(0) | 0x20) !== name.charCodeAt(0)) return false;
  return candidate === name || candidate.toLowerCase() === name;
}
