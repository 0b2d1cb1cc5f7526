/** The `baggage` of an outgoing request, which may already have one. */
import type { Inbound } from './context/remote-run.ts';
import { withoutForwarded } from './headers/forwarded.ts';
import { holdsMembers, joinMembers, LANGSMITH_PREFIX, mergeBaggage } from './headers/members.ts';
import { BAGGAGE_HEADER, TRACE_HEADER } from './headers/names.ts';
import { shorterForms } from './headers/trace-headers.ts';
import { logOnce } from './log.ts';
import {
  type HeaderValue,
  hasTooManyMembers,
  isBaggageSigned,
  joined,
  linesOf,
  MAX_BAGGAGE_BYTES,
  MAX_REQUEST_BYTES,
  NO_ROOM,
  type OutgoingCarrier,
} from './outgoing-carrier.ts';

/** The `baggage` to write; `undefined` to leave the request's own unchanged, `''` to remove it. */
export function baggageFor<T>(
  carrier: OutgoingCarrier<T>,
  request: T,
  ours: string,
  own: HeaderValue,
): string | undefined {
  if (own === undefined) return ours === '' ? undefined : ours;
  if (isBaggageSigned(carrier, request)) return undefined;
  const existing = joined(own, ',');
  // Others' alone, and nothing to add: it stays as it is written.
  if (ours === '' && !holdsMembers(existing)) return undefined;
  return mergeBaggage(ours, existing);
}

/**
 * Handles another agent that adds a `baggage` to a request which already has its headers. OpenTelemetry's propagator
 * forwards all members of the inbound header, including LangSmith's members, which must not be forwarded. The other
 * members are appended to a `baggage` of ours. If there is no room for both, our members are removed one after the other.
 *
 * @returns the value that is still to be added; `undefined` for none
 */
export function mergeAddedBaggage<T>(
  carrier: OutgoingCarrier<T>,
  request: T,
  added: string,
  inbound: Inbound | undefined,
): string | undefined {
  const own = carrier.header(request, BAGGAGE_HEADER);
  const trace = carrier.header(request, TRACE_HEADER);
  if (typeof own !== 'string' || typeof trace === 'object' || !own.startsWith(LANGSMITH_PREFIX)) {
    return withoutForwarded(added, inbound?.baggage) || undefined;
  }
  const others = mergeBaggage('', added);
  if (others === '') return undefined;
  const room = MAX_REQUEST_BYTES - carrier.size(request) + linesOf(BAGGAGE_HEADER, own);
  const fits = (both: string) => linesOf(BAGGAGE_HEADER, both) <= room && both.length <= MAX_BAGGAGE_BYTES;
  const forms = [own, ...shorterForms(own)].map((ours) => joinMembers(ours, others));
  const fitting =
    forms.find((both) => fits(both) && !hasTooManyMembers(both, others)) ?? forms.slice(-1).find(fits);
  if (fitting !== forms[0]) logOnce('room', 'warn', `${NO_ROOM}: they are sent without metadata or tags`);
  carrier.write(request, trace, fitting ?? mergeBaggage('', `${own},${others}`));
  return undefined;
}
