import type { Inbound } from './context/remote-run.ts';
import { withoutForwarded } from './headers/forwarded.ts';
import { BAGGAGE_HEADER, TRACE_HEADER } from './headers/names.ts';
import { isBaggageSigned, joined, type OutgoingCarrier } from './outgoing-carrier.ts';

/**
 * Removes headers that must not be forwarded from a request that gets no headers of a run:
 *
 * - `langsmith-replicas`, always, because it redirects the runs of every service that trusts it.
 * - The inbound trace, and LangSmith's members of the inbound baggage, if the application forwards them unchanged.
 *
 * Headers that the application made itself stay. A baggage that the application signed for AWS stays too.
 *
 * @param isForwarded whether the inbound trace and members are removed too, and not only `langsmith-replicas`
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
  const kept = withoutForwarded(existing, isForwarded ? inbound?.baggage : undefined);
  const isChanged = kept !== existing && !isBaggageSigned(carrier, request);
  if (!isForwardedTrace && !isChanged) return;
  carrier.write(request, isForwardedTrace ? '' : undefined, isChanged ? kept : undefined);
}
