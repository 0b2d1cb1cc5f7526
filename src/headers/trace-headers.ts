import { type BaggageFields, type BaggageMembers, encodeMembers } from './baggage.ts';
import { joinMembers } from './members.ts';
import { BAGGAGE_HEADER, TRACE_HEADER } from './names.ts';
import { formatTraceMember, TRACE_MEMBER } from './trace-member.ts';

/** The settings that decide what the headers hold. */
export interface HeaderSettings {
  /** The most that both headers may add to a request. */
  readonly maxHeaderBytes: number;
  /** Whether `baggage` carries the dotted order too. */
  readonly traceInBaggage: boolean;
}

/** The two headers that are written on a request for one run. */
export interface TraceHeaders {
  readonly trace: string;
  /** LangSmith's members only; `''` if there are none. */
  readonly baggage: string;
}

/** The fields of a run in `baggage`: with metadata and tags; without metadata; only the project (or address). */
export type FieldForms = readonly [everything: string, tagged: string, bare: string];

/**
 * The values of `baggage` that can accompany a trace. Each holds less than the one before, or the same: the dotted order
 * and all fields; the dotted order without metadata; without the dotted order; only the project (or address).
 */
export type BaggageForms = readonly [everything: string, linked: string, tagged: string, bare: string];

/** The indexes of the forms. `none`, the index after the last form, means that nothing is sent. */
export const FORM = { everything: 0, linked: 1, tagged: 2, bare: 3, none: 4 } as const;
type Form = (typeof FORM)[keyof typeof FORM];

/** The headers of one run for all destinations. They are made once and kept with the run. */
export interface HeaderSet {
  readonly trace: string;
  readonly baggages: BaggageForms;
  /** The first of `baggages` that is within the limit. */
  readonly first: Form;
}

/** The characters of `name: value\r\n` besides name and value. */
export const LINE_OVERHEAD = 4;

/** The forms of a run without fields. */
export const NO_FIELDS: FieldForms = ['', '', ''];

/** The headers of a run whose trace alone is too large. */
export const NO_HEADERS: HeaderSet = { trace: '', baggages: ['', '', '', ''], first: FORM.none };

export function makeHeaderSet(trace: string, fields: BaggageFields, settings: HeaderSettings): HeaderSet {
  return headerSetOf(trace, formsOf(encodeMembers(fields)), settings);
}

export function formsOf({ metadata, tags, destination }: BaggageMembers): FieldForms {
  const tagged = joinMembers(tags, destination);
  return [joinMembers(metadata, tagged), tagged, destination];
}

/**
 * Returns the headers that are within the limit on header lines. Metadata is dropped first, then the dotted order in
 * `baggage`, then tags, then everything. Values are never truncated. All values are ASCII, so a character is a byte.
 *
 * The dotted order is never alone in `baggage`. `RunTree.fromHeaders` of langsmith 0.3.87 takes the project from a
 * `baggage` even if it names none. Without `baggage`, the run goes to the project of its service.
 */
export function headerSetOf(
  trace: string,
  [everything, tagged, bare]: FieldForms,
  { maxHeaderBytes, traceInBaggage }: HeaderSettings,
): HeaderSet {
  const link = traceInBaggage ? formatTraceMember(trace) : '';
  const linked = (fields: string) => (fields === '' ? '' : joinMembers(link, fields));
  const baggages = [linked(everything), linked(tagged), tagged, bare] as const;
  let first: number = FORM.everything;
  while (first < FORM.none && sizeOf(trace, baggages[first] as string) > maxHeaderBytes) first++;
  return { trace, baggages, first: first as Form };
}

/** The members that are left out of a `baggage` that was written already, each with those before it. */
const DROPPED_IN_ORDER = ['langsmith-metadata=', `${TRACE_MEMBER}=`, 'langsmith-tags='];

/** Returns the shorter forms of a `baggage` that was written already, down to the project (or address). */
export function shorterForms(baggage: string): string[] {
  let members = baggage.split(',');
  return DROPPED_IN_ORDER.map((start) => {
    members = members.filter((member) => !member.startsWith(start));
    return members.join(',');
  });
}

/** Returns the richest form within the limit; `undefined` if no form is. */
export function richest({ trace, baggages, first }: HeaderSet): TraceHeaders | undefined {
  const baggage = baggages[first as number];
  return baggage === undefined ? undefined : { trace, baggage };
}

/** The size that both headers add to a request, in bytes. */
export function sizeOf(trace: string, baggage: string): number {
  const line = TRACE_HEADER.length + LINE_OVERHEAD + trace.length;
  return baggage === '' ? line : line + BAGGAGE_HEADER.length + LINE_OVERHEAD + baggage.length;
}
