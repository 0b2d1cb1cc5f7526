import type { Inbound } from './context/remote-run.ts';
import { withoutForwarded } from './headers/forwarded.ts';
import { BAGGAGE_HEADER, TRACE_HEADER } from './headers/names.ts';
import { isBaggageSigned, joined, type OutgoingCarrier } from './outgoing-carrier.ts';

/**
 * Takes off what must not go on with a request that gets no headers of a run:
 *
 * - `langsmith-replicas`, always: it redirects the runs of whoever believes it.
 * - The trace that this service was sent, and LangSmith's members of the baggage that came with it, where the
 *   application forwards them as they came.
 *
 * What the application has made itself stays, and so does a baggage that it has signed for AWS.
 *
 * @param isForwarded whether what came with the inbound request is taken off too, and not only `langsmith-replicas`
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
