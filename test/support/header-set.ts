import type { BaggageFields } from '../../src/headers/baggage.ts';
import { FORM, type HeaderSet, makeHeaderSet, type TraceHeaders } from '../../src/headers/trace-headers.ts';

const DROPPED = [
  'nothing',
  'metadata',
  'metadata and the trace in baggage',
  'metadata and tags',
  'everything',
] as const;

/** Returns the whole content of a header set. */
export function contentOf({ trace, baggages, first }: HeaderSet) {
  const formsFrom = (place: number): TraceHeaders[] =>
    [...new Set(baggages.slice(place))].map((baggage) => ({ trace, baggage }));
  const fullForms = formsFrom(first);
  const bareForms = formsFrom(Math.max(first, FORM.bare));
  return { full: fullForms[0], bare: bareForms[0], fullForms, bareForms, dropped: DROPPED[first] };
}

/** Returns the content of the headers without the trace in `baggage`, unless `traceInBaggage` is given. */
export function contentOfSet(
  trace: string,
  fields: BaggageFields,
  maxHeaderBytes: number,
  traceInBaggage = false,
) {
  return contentOf(makeHeaderSet(trace, fields, { maxHeaderBytes, traceInBaggage }));
}
