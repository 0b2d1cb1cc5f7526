import type { Counts } from './api.ts';
import type { Config } from './config.ts';
import { headersOfRun } from './context/local-run.ts';
import { isLeftOut, publishedRunOf } from './context/published-run.ts';
import { type Inbound, leftOutRun, RefusedTrace, RemoteRun } from './context/remote-run.ts';
import type { RunTreeLike } from './context/run-tree.ts';
import { type Context, inboundOf, remoteOf } from './context/storage.ts';
import { DECISION, type Decision } from './decision.ts';
import type { Explanations } from './explain/explanations.ts';
import { isDottedOrder } from './headers/dotted-order.ts';
import { BAGGAGE_HEADER, TRACE_HEADER } from './headers/names.ts';
import { LEFT_OUT, saysLeftOut } from './headers/sampling.ts';
import { FORM, type HeaderSet, richest, type TraceHeaders } from './headers/trace-headers.ts';
import { holdsTraceMember, readTraceMember } from './headers/trace-member.ts';
import { logFailure, logOnce } from './log.ts';
import {
  type HeaderValue,
  hasTooManyMembers,
  isOfLangSmithClient,
  joined,
  linesOf,
  MAX_BAGGAGE_BYTES,
  MAX_REQUEST_BYTES,
  NO_ROOM,
  type OutgoingCarrier,
} from './outgoing-carrier.ts';
import { type DestinationPolicy, GRANT } from './policy/destinations.ts';
import type { PeerPolicy } from './policy/peers.ts';
import { baggageFor } from './request-baggage.ts';
import { withhold } from './withhold.ts';

/** The consequence for the log, by the first form within the limit. */
const DROPPED: Readonly<Record<HeaderSet['first'], string>> = {
  [FORM.everything]: '',
  [FORM.linked]: 'they are sent without metadata',
  [FORM.tagged]: 'they are sent without metadata, and without the trace in baggage',
  [FORM.bare]: 'they are sent without metadata and tags',
  [FORM.none]: 'they are not sent',
};

/** Combines context, policy and headers. All rules of precedence are in this class. */
export class Propagator {
  readonly counts: Counts;
  /** The decision on the last request that was passed to `inject`, `revise` or `withhold`. */
  decision: Decision;
  /** Logs one line for each request; `undefined` unless `TRACE_AGENT_LOG` is `debug`. */
  readonly explanations: Explanations | undefined;
  private readonly config: Config;
  private readonly destinations: DestinationPolicy;
  private readonly peers: PeerPolicy;
  private readonly env: NodeJS.ProcessEnv;

  constructor(
    config: Config,
    destinations: DestinationPolicy,
    peers: PeerPolicy,
    env: NodeJS.ProcessEnv,
    explanations?: Explanations,
  ) {
    this.config = config;
    this.destinations = destinations;
    this.peers = peers;
    this.env = env;
    this.decision = DECISION.noRun;
    this.explanations = explanations;
    this.counts = { injected: 0, relayed: 0, extracted: 0, distrusted: 0 };
  }

  /**
   * Writes the headers of `context` on a request if policy and precedence allow it. Never throws.
   *
   * @returns whether they were written
   */
  inject<T>(carrier: OutgoingCarrier<T>, request: T, context: Context): boolean {
    try {
      this.decision = this.injectUnguarded(carrier, request, context);
    } catch (error) {
      this.decision = DECISION.failed;
      logFailure(`inject (${carrier.seam})`, error);
    }
    return this.decision < DECISION.noRoom;
  }

  /**
   * Writes the headers again after those that `inject` wrote were taken back. Writes only what there is room for. Never
   * throws.
   */
  revise<T>(carrier: OutgoingCarrier<T>, request: T, context: Context): void {
    if (publishedRunOf(context, this.env) !== undefined) this.counts.injected--;
    else this.counts.relayed--;
    this.inject(carrier, request, context);
  }

  /**
   * Reads the caller's run from a request that carries a trace, or that carries only LangSmith's members of `baggage`,
   * which may hold the trace or say that it was not sampled. Never throws.
   *
   * @param address the address of the peer; `isLocal` means that the request came over a unix socket and has none
   */
  extract(
    trace: string | undefined,
    baggage: unknown,
    address: string | undefined,
    isLocal: boolean,
  ): Inbound {
    const members = typeof baggage === 'string' ? baggage : undefined;
    try {
      if (this.peers.trusts(address, isLocal)) {
        const remote = this.read(trace, baggage);
        if (remote !== undefined) return remote;
        // Without a trace there is nothing to refuse, so the baggage may be forwarded.
        return new RefusedTrace(
          trace,
          trace === undefined && !holdsTraceMember(members) ? undefined : members,
        );
      }
      if (trace !== undefined || holdsTraceMember(members)) this.counts.distrusted++;
    } catch (error) {
      logFailure('extract', error);
    }
    return new RefusedTrace(trace, members);
  }

  /** Reads the caller's run from headers that are trusted. The header of the trace takes precedence over the member. */
  read(trace: unknown, baggage: unknown): RemoteRun | undefined {
    const members = typeof baggage === 'string' ? baggage : undefined;
    const dottedOrder = trace ?? readTraceMember(members);
    // A trace that is not valid must not be forwarded.
    if (dottedOrder === undefined && saysLeftOut(members))
      return leftOutRun(holdsTraceMember(members) ? members : undefined);
    if (!isDottedOrder(dottedOrder)) return undefined;
    this.counts.extracted++;
    return new RemoteRun(dottedOrder, members);
  }

  /** The headers of `context` for a destination that the application itself has chosen. */
  headersOf(context: Context): TraceHeaders | undefined {
    const set = this.headerSetOf(publishedRunOf(context, this.env), context);
    return set === undefined ? undefined : richest(set);
  }

  /** Removes headers that must not be forwarded from a request that gets no headers of a run. Never throws. */
  withhold<T>(carrier: OutgoingCarrier<T>, request: T, context: Context): void {
    this.decision = DECISION.connect;
    try {
      withhold(carrier, request, inboundOf(context), true);
    } catch (error) {
      logFailure(`withhold (${carrier.seam})`, error);
    }
  }

  private injectUnguarded<T>(carrier: OutgoingCarrier<T>, request: T, context: Context): Decision {
    const run = publishedRunOf(context, this.env);
    const set = this.headerSetOf(run, context);
    const inbound = inboundOf(context);
    const ownTrace = carrier.header(request, TRACE_HEADER);
    // A header of the application wins, unless it only passes on the header that it received.
    const isOwn = ownTrace !== undefined && joined(ownTrace).trim() !== inbound?.dottedOrder;
    const decision =
      set === undefined
        ? DECISION.noRun
        : isOwn
          ? DECISION.ownHeader
          : this.injectSet(carrier, request, set, ownTrace);
    if (decision >= DECISION.noRoom) {
      withhold(carrier, request, inbound, !isOwn || inbound instanceof RefusedTrace);
    } else if (run !== undefined) this.counts.injected++;
    else this.counts.relayed++;
    return decision;
  }

  /** Writes what policy grants and what there is room for. */
  private injectSet<T>(
    carrier: OutgoingCarrier<T>,
    request: T,
    set: HeaderSet,
    ownTrace: HeaderValue,
  ): Decision {
    const grant = this.grantOf(carrier, request);
    if (grant === GRANT.nothing) return DECISION.refused;
    const granted = grant === GRANT.everything ? FORM.everything : FORM.bare;
    return this.writeWhatFits(carrier, request, set, granted, ownTrace);
  }

  private grantOf<T>(carrier: OutgoingCarrier<T>, request: T): number {
    const key = carrier.destinationKey(request);
    const grant =
      this.destinations.cached(key) ??
      this.destinations.decide(key, carrier.destination(request), carrier.target(request));
    return grant !== GRANT.nothing && isOfLangSmithClient(carrier, request) ? GRANT.nothing : grant;
  }

  /**
   * Writes the richest form with which the request stays within the limits of servers.
   *
   * @returns that form
   */
  private writeWhatFits<T>(
    carrier: OutgoingCarrier<T>,
    request: T,
    { trace, baggages, first }: HeaderSet,
    granted: number,
    ownTrace: HeaderValue,
  ): Decision {
    if (first === FORM.none) return DECISION.noRoom;
    const own = carrier.header(request, BAGGAGE_HEADER);
    const isRevised = own === undefined && ownTrace === undefined && carrier.isRevised?.(request) === true;
    const room = isRevised ? Number.POSITIVE_INFINITY : MAX_REQUEST_BYTES - carrier.size(request);
    const richestForm = Math.max(first, granted);
    for (let i = richestForm; i < FORM.none; i++) {
      const ours = baggages[i] as string;
      const baggage = baggageFor(carrier, request, ours, own);
      const more =
        baggage === undefined ? 0 : linesOf(BAGGAGE_HEADER, baggage) - linesOf(BAGGAGE_HEADER, own);
      const added = more + linesOf(TRACE_HEADER, trace) - linesOf(TRACE_HEADER, ownTrace);
      if (added > 0 && added > room) continue;
      if (own !== undefined && baggage !== undefined) {
        if (more > 0 && baggage.length > MAX_BAGGAGE_BYTES) continue;
        if (i < FORM.bare && hasTooManyMembers(baggage, own)) continue;
      }
      if (ours !== baggages[richestForm])
        logOnce('room', 'warn', `${NO_ROOM}: they are sent without metadata or tags`);
      carrier.write(request, trace, baggage);
      return i as Decision;
    }
    logOnce('no room', 'warn', `${NO_ROOM}: none of them is sent`);
    return DECISION.noRoom;
  }

  /** The headers of `run`, or else of the caller's run. */
  private headerSetOf(run: RunTreeLike | undefined, context: Context): HeaderSet | undefined {
    const set =
      run !== undefined
        ? headersOfRun(run, this.config)
        : (remoteOf(context)?.relayHeaders(this.config) ??
          (isLeftOut(context, this.env) ? LEFT_OUT : undefined));
    if (set !== undefined && set.first !== FORM.everything) this.warnOfSize(set.first);
    return set;
  }

  private warnOfSize(first: HeaderSet['first']): void {
    const limit = `TRACE_AGENT_MAX_HEADER_BYTES=${this.config.maxHeaderBytes}`;
    logOnce(`size: ${first}`, 'warn', `the headers of a run are larger than ${limit}: ${DROPPED[first]}`);
  }
}
