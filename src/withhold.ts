import type { Inbound } from './context/remote-run.ts';
import { withoutForwarded } from './headers/forwarded.ts';
import { BAGGAGE_HEADER, TRACE_HEADER } from './headers/names.ts';
import { TRACE_MEMBER } from './headers/trace-member.ts';
import { isBaggageSigned, joined, type OutgoingCarrier } from './outgoing-carrier.ts';

/**
 * Removes headers that must not be forwarded from a request that gets no headers of a run:
 *
 * - `langsmith-replicas`, always, because it redirects the runs of every service that trusts it.
 * - The trace in the inbound baggage, because it differs from the trace that the application sends.
 * - The inbound trace, and all of LangSmith's members of the inbound baggage, if the application forwards them unchanged.
 *
 * Headers that the application made itself stay. A baggage that the application signed for AWS stays too.
 *
 * @param isForwarded whether the last of these is removed; `false` if the application sends a trace of its own
 */
export function withhold<T>(
  carrier: OutgoingCarrier<T>,
  request: T,
  inbound: Inbound | undefined,
  isForwarded: boolean,
): void {
  const trace = carrier.header(request, TRACE_HEADER);
  const isForwardedTrace =
    isForwarded && trace !== undefined && joined(trace).trim() === inbound?.dottedOrder;
  const own = carrier.header(request, BAGGAGE_HEADER);
  const existing = own === undefined ? '' : joined(own, ',');
  const kept = withoutForwarded(existing, inbound?.baggage, isForwarded ? undefined : TRACE_MEMBER);
  const isChanged = kept !== existing && !isBaggageSigned(carrier, request);
  if (!isForwardedTrace && !isChanged) return;
  carrier.write(request, isForwardedTrace ? '' : undefined, isChanged ? kept : undefined);
}
