/**
 * Sends and continues a trace in messages that are not requests of HTTP, such as those of MCP. The patches of libraries
 * (`instrumentation/libraries/`) catch the messages. As for requests, the propagator decides.
 */
import { RemoteRun } from './context/remote-run.ts';
import { runWithin } from './context/run-within.ts';
import type { Context, ContextStorage } from './context/storage.ts';
import { traceIdOf } from './headers/dotted-order.ts';
import { readTraceMember } from './headers/trace-member.ts';
import { logFailure } from './log.ts';
import type { OutgoingCarrier } from './outgoing-carrier.ts';
import type { Propagator } from './propagator.ts';

/** A message that has arrived, and how. */
export interface Arrival {
  /** The W3C Baggage of the message, which holds its trace. */
  readonly baggage: string | undefined;
  /** The sender, to be checked against TRACE_AGENT_TRUST. `undefined` if the operator has connected it: it is trusted. */
  readonly peer: { readonly address: string | undefined; readonly isLocal: boolean } | undefined;
  /** Whether the message came in a request of HTTP, whose headers may name a run of the same trace. */
  readonly isInRequest: boolean;
  /** Whether the running code reads a connection. A connection outlives the context in which it was opened. */
  readonly isInConnection: boolean;
  /** `destroyed` is true once the message has been handled. */
  readonly handling: { readonly destroyed?: boolean };
}

export interface Messages {
  /** Writes the trace of the running code on a message, if policy allows it. Never throws. */
  inject<T>(carrier: OutgoingCarrier<T>, message: T): void;
  /** Calls `handle` in the context that belongs to a message. */
  receive<R>(arrival: Arrival, handle: () => R): R;
  /** Returns the headers of the running code, for work that this process does later. Never throws. */
  headers(): MessageHeaders | undefined;
  /**
   * Calls `handle` under the run that trusted headers name, until its result has settled. If they name none, it is called
   * in the context of the running code.
   */
  consume<R>(headers: MessageHeaders, handle: () => R): R;
}

/** The two headers as a message carries them, not yet checked. */
export interface MessageHeaders {
  readonly trace: unknown;
  readonly baggage: unknown;
}

export function createMessages(contexts: ContextStorage, propagator: Propagator): Messages {
  function contextOf(arrival: Arrival, current: Context | undefined): Context | undefined {
    const { baggage, peer } = arrival;
    const inherited = arrival.isInConnection ? undefined : current;
    if (baggage === undefined) return inherited;
    const named = readTraceMember(baggage);
    const own = current === undefined ? undefined : propagator.headersOf(current)?.trace;
    if (named !== undefined && own && isLinkedAlready(own, named, arrival)) return current;
    const inbound =
      peer === undefined
        ? propagator.read(undefined, baggage)
        : propagator.extract(undefined, baggage, peer.address, peer.isLocal);
    if (!(inbound instanceof RemoteRun)) return inherited;
    inbound.endWith(arrival.handling);
    return inbound;
  }

  return {
    inject(carrier, message) {
      const context = contexts.current();
      if (context === undefined) return;
      propagator.inject(carrier, message, context);
      propagator.explanations?.outgoing(carrier, message, context, propagator.decision);
    },
    receive(arrival, handle) {
      const current = contexts.current();
      let context = current;
      try {
        context = contextOf(arrival, current);
      } catch (error) {
        logFailure('receive a message', error, 'the message');
      }
      return context === current ? handle() : contexts.apply(context, handle, undefined, []);
    },
    headers() {
      try {
        const context = contexts.current();
        const headers = context === undefined ? undefined : propagator.headersOf(context);
        return headers && { trace: headers.trace || undefined, baggage: headers.baggage || undefined };
      } catch (error) {
        logFailure('read the current run', error);
        return undefined;
      }
    },
    consume({ trace, baggage }, handle) {
      let remote: RemoteRun | undefined;
      try {
        remote = propagator.read(trace, baggage);
      } catch (error) {
        logFailure('receive a message', error, 'the message');
      }
      return remote === undefined ? handle() : runWithin(contexts, remote, handle);
    },
  };
}

/**
 * Whether the running code is in the run that the message names: in the same process, or because the request that
 * carries the message names the run too. A gateway that traces its own requests names another run of the same trace in
 * their headers. That one is nearer.
 */
function isLinkedAlready(own: string, named: string, { isInRequest }: Arrival): boolean {
  return own === named || (isInRequest && traceIdOf(own) === traceIdOf(named));
}
