import { type BaggageFields, type BaggageMembers, encodeMembers, joinMembers } from './baggage.ts';
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
  /** `full`, and what can take its place on a request that has no room for it, down to `bare`. */
  readonly fullForms: readonly TraceHeaders[];
  readonly bareForms: readonly TraceHeaders[];
  /** What had to be left out of `full` to keep within the limit. */
  readonly dropped: 'nothing' | 'metadata' | 'metadata and tags' | 'everything';
}

/** `name: value\r\n` */
export const LINE_OVERHEAD = 4;

/**
 * Makes both forms within `maxBytes` of header lines: metadata goes first, then tags, then all. Nothing is
 * ever cut in the middle. All values are ASCII, so a character is a byte.
 */
export function makeHeaderSet(trace: string, fields: BaggageFields, maxBytes: number): HeaderSet {
  return headerSetOf(trace, encodeMembers(fields), maxBytes);
}

/** The same of members that are written already. */
export function headerSetOf(trace: string, members: BaggageMembers, maxBytes: number): HeaderSet {
  const { metadata, tags, destination } = members;
  const bare = fitting(trace, destination, maxBytes);
  if (bare === undefined) return NO_HEADERS;
  const bareForms = [bare];
  const tagged = joinMembers(tags, destination);
  const withTags = tags === '' ? bare : fitting(trace, tagged, maxBytes);
  const lesserForms = withTags === undefined || withTags === bare ? bareForms : [withTags, bare];
  const full = metadata === '' ? withTags : fitting(trace, joinMembers(metadata, tagged), maxBytes);
  if (full !== undefined) {
    const fullForms = full === lesserForms[0] ? lesserForms : [full, ...lesserForms];
    return { full, bare, fullForms, bareForms, dropped: 'nothing' };
  }
  const dropped = withTags === undefined ? 'metadata and tags' : 'metadata';
  return { full: lesserForms[0], bare, fullForms: lesserForms, bareForms, dropped };
}

/** Of a run whose trace alone is too large. */
export const NO_HEADERS: HeaderSet = {
  full: undefined,
  bare: undefined,
  fullForms: [],
  bareForms: [],
  dropped: 'everything',
};

/** What both headers add to a request, in bytes. */
export function sizeOf({ trace, baggage }: TraceHeaders): number {
  const line = TRACE_HEADER.length + LINE_OVERHEAD + trace.length;
  return baggage === '' ? line : line + BAGGAGE_HEADER.length + LINE_OVERHEAD + baggage.length;
}

function fitting(trace: string, baggage: string, maxBytes: number): TraceHeaders | undefined {
  const headers = { trace, baggage };
  return sizeOf(headers) <= maxBytes ? headers : undefined;
}
