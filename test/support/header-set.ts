import { type HeaderSet, makeHeaderSet, type TraceHeaders } from '../../src/headers/trace-headers.ts';

const DROPPED = ['nothing', 'metadata', 'metadata and tags', 'everything'] as const;

/** Returns the whole content of a header set. */
export function contentOf({ trace, baggages, first }: HeaderSet) {
  const formsFrom = (place: number): TraceHeaders[] =>
    [...new Set(baggages.slice(place))].map((baggage) => ({ trace, baggage }));
  const fullForms = formsFrom(first);
  const bareForms = formsFrom(Math.max(first, 2));
  return { full: fullForms[0], bare: bareForms[0], fullForms, bareForms, dropped: DROPPED[first] };
}

export function contentOfSet(...args: Parameters<typeof makeHeaderSet>) {
  return contentOf(makeHeaderSet(...args));
}
