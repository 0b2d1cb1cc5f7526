/**
 * The dotted order as a member of `baggage`, beside the header `langsmith-trace`:
 *
 *     baggage: langsmith-trace=<dotted order>
 *
 * Services without LangSmith that run OpenTelemetry or Datadog do not pass the header on, but they pass on all of
 * `baggage`. So the member continues the trace behind them. The SDKs ignore it.
 */
import { isDottedOrder } from './dotted-order.ts';
import { nameOfMember, readMembers, textOf } from './members.ts';

export const TRACE_MEMBER = 'langsmith-trace';
const START = `${TRACE_MEMBER}=`;

/** A dotted order consists of characters that need no encoding. */
export function formatTraceMember(dottedOrder: string): string {
  return START + dottedOrder;
}

/**
 * Returns the dotted order; `undefined` if the member is absent, invalid or repeated. A member whose name is encoded is not
 * read, but counts as a repetition. Never throws.
 */
export function readTraceMember(baggage: unknown): string | undefined {
  if (typeof baggage !== 'string' || !baggage.includes(TRACE_MEMBER)) return undefined;
  const members = readMembers(baggage);
  const value = members && textOf(members, TRACE_MEMBER);
  return isDottedOrder(value) && baggage.split(',').filter(isTraceMember).length === 1 ? value : undefined;
}

/** Whether a header holds the member, with a valid value or not. */
export function holdsTraceMember(baggage: string | undefined): boolean {
  return baggage?.split(',').some(isTraceMember) === true;
}

function isTraceMember(member: string): boolean {
  return nameOfMember(member) === TRACE_MEMBER;
}

/** Removes the member at the start, where the agent writes it. The rest is the same for all requests of a caller. */
export function withoutTraceMember(baggage: string): string {
  if (!baggage.startsWith(START)) return baggage;
  const comma = baggage.indexOf(',');
  return comma === -1 ? '' : baggage.slice(comma + 1);
}
