/** The `baggage` of an outgoing request, which may already have one. */
import type { Inbound } from './context/remote-run.ts';
import { withoutForwarded } from './headers/forwarded.ts';
import { holdsMembers, LANGSMITH_PREFIX, mergeBaggage } from './headers/members.ts';
import { BAGGAGE_HEADER, TRACE_HEADER } from './headers/names.ts';
import { logOnce } from './log.ts';
import {
  type HeaderValue,
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
 * members are appended to a `baggage` of ours. If there is no room for both, our members are removed.
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
  const both = `${own},${others}`;
  const size = carrier.size(request) - linesOf(BAGGAGE_HEADER, own) + linesOf(BAGGAGE_HEADER, both);
  const isTooMuch = size > MAX_REQUEST_BYTES || both.length > MAX_BAGGAGE_BYTES;
  if (isTooMuch) logOnce('room', 'warn', `${NO_ROOM}: they are sent without metadata or tags`);
  carrier.write(request, trace, isTooMuch ? mergeBaggage('', both) : both);
  return undefined;
}
