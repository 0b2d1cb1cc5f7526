/**
 * Writes the lines of `TRACE_AGENT_LOG=debug`: one for each request, with the decision on it and the reason. In the
 * preload this file is a text (scripts/build.mjs) that is compiled on that level only. So it is given the functions of
 * the core that it needs, and imports none that know a class of the core.
 */
import type { IncomingMessage } from 'node:http';
import type { Config } from '../config.ts';
import type { Inbound } from '../context/remote-run.ts';
import type { Context } from '../context/storage.ts';
import { DECISION, type Decision } from '../decision.ts';
import { TRACE_HEADER } from '../headers/names.ts';
import { holdsTraceMember } from '../headers/trace-member.ts';
import { log, logFailure, setLogLevel } from '../log.ts';
import type { OutgoingCarrier } from '../outgoing-carrier.ts';
import type { DestinationPolicy } from '../policy/destinations.ts';
import type { PeerPolicy } from '../policy/peers.ts';
import type { ContextFacts } from './context-facts.ts';
import { INCOMING, type IncomingReason, OUTGOING, type OutgoingReason } from './reasons.ts';
import { shownHost, shownPath } from './request-line.ts';

/** The parts of an incoming request that its line shows. */
type Received = Partial<Pick<IncomingMessage, 'method' | 'url'>> & {
  readonly socket?: { readonly remoteAddress?: string | undefined } | undefined;
};

export interface Explanations {
  /** @param context `undefined` if the request was made in no context */
  outgoing<T>(
    carrier: OutgoingCarrier<T>,
    request: T,
    context: Context | undefined,
    decision: Decision,
  ): void;
  /** @param inbound `null` for a request that arrived without a trace */
  incoming(request: Received, inbound: Inbound | null, isUnixSocket: boolean): void;
}

interface Reason<Name> {
  readonly name: Name;
  /** The subject of the reason: a pattern, a list or a run. */
  readonly detail?: string | undefined;
}

export type CreateExplanations = (
  contexts: ContextFacts,
  config: Config,
  destinations: DestinationPolicy,
  peers: PeerPolicy,
) => Explanations;

export function prepareExplanations(): () => CreateExplanations {
  return () => createExplanations;
}

export const createExplanations: CreateExplanations = (contexts, config, destinations, peers) => {
  // This file has its own copy of `log.ts` in the preload.
  setLogLevel(config.log);

  function reasonOf<T>(
    carrier: OutgoingCarrier<T>,
    request: T,
    context: Context | undefined,
    decision: Decision,
  ): Reason<OutgoingReason> {
    switch (decision) {
      case DECISION.noRun:
        return carrier.header(request, TRACE_HEADER) === undefined
          ? { name: contexts.whyNoRun(context) }
          : { name: 'ownHeader' };
      case DECISION.refused:
        return refusal(carrier, request);
      case DECISION.noRoom:
        return { name: 'noRoom', detail: `TRACE_AGENT_MAX_HEADER_BYTES=${config.maxHeaderBytes}` };
      case DECISION.ownHeader:
      case DECISION.connect:
      case DECISION.notFollowed:
      case DECISION.unknownForm:
      case DECISION.failed:
        return { name: NAMES[decision] };
      default:
        return sent(carrier, request, context as Context, decision);
    }
  }

  function refusal<T>(carrier: OutgoingCarrier<T>, request: T): Reason<OutgoingReason> {
    const { why, host, by } = destinations.find(carrier.destination(request), carrier.target(request));
    if (why === 'granted' || why === 'external') return { name: 'langSmith' };
    return { name: why, detail: by === undefined ? undefined : `${by}, for ${host || 'an unknown host'}` };
  }

  function sent<T>(
    carrier: OutgoingCarrier<T>,
    request: T,
    context: Context,
    decision: Decision,
  ): Reason<OutgoingReason> {
    if (contexts.isNotSampled(context)) return { name: 'notSampled' };
    const run = contexts.shownRun(context);
    if (decision === DECISION.everything) return { name: 'everything', detail: run };
    const { why, host, by } = destinations.find(carrier.destination(request), carrier.target(request));
    if (why === 'external')
      return { name: 'external', detail: `${by}, for ${host || 'an unknown host'}; ${run}` };
    return { name: 'inPart', detail: run };
  }

  function reasonForInbound(
    request: Received,
    inbound: Inbound | null,
    isUnixSocket: boolean,
  ): Reason<IncomingReason> {
    if (inbound === null) return { name: 'noTrace' };
    if ('runId' in inbound) {
      return inbound.isLeftOut
        ? { name: 'notSampled' }
        : { name: 'continued', detail: `run ${inbound.runId}` };
    }
    if (inbound.dottedOrder === undefined && !holdsTraceMember(inbound.baggage)) return { name: 'noTrace' };
    const address = request.socket?.remoteAddress;
    const isTrusted = peers.trusts(address, address === undefined && isUnixSocket);
    return isTrusted ? { name: 'invalid' } : { name: 'distrusted', detail: config.trust.source };
  }

  return {
    outgoing(carrier, request, context, decision) {
      guard(() => {
        const line = shownRequest(carrier, request);
        const { name, detail } = reasonOf(carrier, request, context, decision);
        write('outgoing', line, OUTGOING[name], detail);
      });
    },
    incoming(request, inbound, isUnixSocket) {
      guard(() => {
        const peer = request.socket?.remoteAddress ?? (isUnixSocket ? 'a unix socket' : 'an unknown peer');
        const line = `${request.method ?? 'GET'} ${shownPath(request.url ?? '')} from ${peer}`;
        const { name, detail } = reasonForInbound(request, inbound, isUnixSocket);
        write('incoming', line, INCOMING[name], detail);
      });
    },
  };
};

function shownRequest<T>(carrier: OutgoingCarrier<T>, request: T): string {
  if (carrier.seam === 'queue') return 'a message to a queue';
  const method = carrier.method(request);
  if (carrier.seam === 'mcp') return `${method} of MCP`;
  const target = carrier.target(request);
  // The target of CONNECT is a host and a port. HTTP/2 has none.
  if (method === 'CONNECT' && !target.startsWith('/'))
    return `${method} ${target.replace(/^.*@|[/?#].*$/gs, '')}`;
  return `${method} ${shownHost(carrier.destination(request))}${shownPath(target)}`;
}

const NAMES = {
  [DECISION.ownHeader]: 'ownHeader',
  [DECISION.connect]: 'connect',
  [DECISION.notFollowed]: 'notFollowed',
  [DECISION.unknownForm]: 'unknownForm',
  [DECISION.failed]: 'failed',
} as const;

function write(direction: string, line: string, words: string, detail: string | undefined): void {
  log('debug', `${direction} ${line}: ${words}${detail === undefined ? '' : ` (${detail})`}`);
}

/** Errors are caught here: a request must not fail because of a line about it. */
function guard(explain: () => void): void {
  try {
    explain();
  } catch (error) {
    logFailure('explain a request', error, 'the request');
  }
}
