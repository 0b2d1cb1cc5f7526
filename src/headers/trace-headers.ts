import { type BaggageFields, type BaggageMembers, encodeMembers, joinMembers } from './baggage.ts';
import { BAGGAGE_HEADER, TRACE_HEADER } from './names.ts';

/** What is written on a request for one run. */
export interface TraceHeaders {
  readonly trace: string;
  /** LangSmith's members only; `''` when there are none. */
  readonly baggage: string;
}

/**
 * The values of `baggage` that can go with a trace, each with less than the one before, or the same: with metadata and
 * tags; without metadata; the project (or address) alone.
 */
export type BaggageForms = readonly [everything: string, tagged: string, bare: string];

/** Their places in the list, and behind them: that nothing is sent. */
export const FORM = { everything: 0, tagged: 1, bare: 2, none: 3 } as const;
type Form = (typeof FORM)[keyof typeof FORM];

/** The headers of one run for all destinations, made once and kept with the run. */
export interface HeaderSet {
  readonly trace: string;
  readonly baggages: BaggageForms;
  /** The first of `baggages` that stays within the limit. */
  readonly first: Form;
}

/** `name: value\r\n` */
export const LINE_OVERHEAD = 4;

/** Of a trace that comes alone. */
export const NO_BAGGAGE: BaggageForms = ['', '', ''];

/** Of a run whose trace alone is too large. */
export const NO_HEADERS: HeaderSet = { trace: '', baggages: NO_BAGGAGE, first: FORM.none };

export function makeHeaderSet(trace: string, fields: BaggageFields, maxBytes: number): HeaderSet {
  return headerSetOf(trace, formsOf(encodeMembers(fields)), maxBytes);
}

export function formsOf({ metadata, tags, destination }: BaggageMembers): BaggageForms {
  const tagged = joinMembers(tags, destination);
  return [joinMembers(metadata, tagged), tagged, destination];
}

/**
 * What stays within `maxBytes` of header lines: metadata goes first, then tags, then all. Nothing is ever cut in the
 * middle. All values are ASCII, so a character is a byte.
 */
export function headerSetOf(trace: string, baggages: BaggageForms, maxBytes: number): HeaderSet {
  let first: number = FORM.everything;
  while (first < FORM.none && sizeOf(trace, baggages[first] as string) > maxBytes) first++;
  return { trace, baggages, first: first as Form };
}

/** With all that the limit leaves; `undefined` where that is nothing. */
export function richest({ trace, baggages, first }: HeaderSet): TraceHeaders | undefined {
  const baggage = baggages[first as number];
  return baggage === undefined ? undefined : { trace, baggage };
}

/** What both headers add to a request, in bytes. */
export function sizeOf(trace: string, baggage: string): number {
  const line = TRACE_HEADER.length + LINE_OVERHEAD + trace.length;
  return baggage === '' ? line : line + BAGGAGE_HEADER.length + LINE_OVERHEAD + baggage.length;
}
