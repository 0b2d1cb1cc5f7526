import { type BaggageFields, formatBaggage } from './baggage.ts';
import { BAGGAGE_HEADER, TRACE_HEADER } from './names.ts';

/** What is written on a request for one run. */
export interface TraceHeaders {
  readonly trace: string;
  /** LangSmith's members only; `''` when there are none. */
  readonly baggage: string;
}

/** The headers of one run for the two kinds of destination, made once and kept with the run. */
export interface HeaderSet {
  /** With metadata and tags; `undefined` when not even the trace and its project fit. */
  readonly full: TraceHeaders | undefined;
  /** The trace and its project (or address). */
  readonly bare: TraceHeaders | undefined;
  /** What had to be left out of `full` to keep within the limit. */
  readonly dropped: 'nothing' | 'metadata' | 'metadata and tags' | 'everything';
}

/** `name: value\r\n` */
const LINE_OVERHEAD = 4;

/**
 * Makes both forms within `maxBytes` of header lines: metadata goes first, then tags, then all. Nothing is
 * ever cut in the middle. All values are ASCII, so a character is a byte.
 */
export function makeHeaderSet(trace: string, fields: BaggageFields, maxBytes: number): HeaderSet {
  const { tags, project, address } = fields;
  const destination = { project, address };
  const bare = fitting(trace, destination, maxBytes);
  if (bare === undefined) return { full: undefined, bare: undefined, dropped: 'everything' };
  const full = fitting(trace, fields, maxBytes);
  if (full !== undefined) return { full, bare, dropped: 'nothing' };
  const withTags = fitting(trace, { tags, ...destination }, maxBytes);
  if (withTags !== undefined) return { full: withTags, bare, dropped: 'metadata' };
  return { full: bare, bare, dropped: 'metadata and tags' };
}

function fitting(trace: string, fields: BaggageFields, maxBytes: number): TraceHeaders | undefined {
  const baggage = formatBaggage(fields);
  let size = TRACE_HEADER.length + LINE_OVERHEAD + trace.length;
  if (baggage !== '') size += BAGGAGE_HEADER.length + LINE_OVERHEAD + baggage.length;
  return size <= maxBytes ? { trace, baggage } : undefined;
}
