import type { Counts } from './api.ts';
import type { Config } from './config.ts';
import { headersOfRun } from './context/local-run.ts';
import { type Inbound, leftOutRun, RefusedTrace, RemoteRun } from './context/remote-run.ts';
import { isTraced, type RunTreeLike } from './context/run-tree.ts';
import { isSampled } from './context/sampling.ts';
import { type Context, inboundOf, localRunOf, remoteOf } from './context/storage.ts';
import { mergeBaggage } from './headers/baggage.ts';
import { isDottedOrder } from './headers/dotted-order.ts';
import { BAGGAGE_HEADER, TRACE_HEADER } from './headers/names.ts';
import { LEFT_OUT, saysLeftOut } from './headers/sampling.ts';
import { FORM, type HeaderSet, LINE_OVERHEAD, richest, type TraceHeaders } from './headers/trace-headers.ts';
import { logFailure, logOnce } from './log.ts';
import { type Destination, type DestinationPolicy, GRANT } from './policy/destinations.ts';
import type { PeerPolicy } from './policy/peers.ts';

/** A header as the application gave it: once, or several times. */
export type HeaderValue = string | readonly string[] | undefined;

/** How one kind of outgoing request is read and written. One object a seam, none a request. */
export interface OutgoingCarrier<T> {
  /** For messages: which seam this is. */
  readonly seam: string;
  /** Names the destination: equal keys, equal decision. */
  destinationKey(request: T): string;
  /** Asked for when a key is new; `undefined` where it cannot be told: then nothing is sent. */
  destination(request: T): Destination | undefined;
  /** The request's own header, in any letter case. `name` is lower case. */
  header(request: T, name: string): HeaderValue;
  /** The request target, for query-signed requests. */
  target(request: T): string;
  /** The bytes of its request line and headers so far. */
  size(request: T): number;
  /**
   * Whether the seam looks at the size itself once all is written, and takes back (`propagator.revise`) what is too
   * much. It is not asked for a request that has one of the two headers already.
   */
  isRevised?(request: T): boolean;
  /**
   * Sets both headers in place of any that are there, without touching an object of the caller's. A `trace` or a
   * `baggage` that is `''` takes it away; a `baggage` that is `undefined` leaves the request's own.
   */
  write(request: T, trace: string, baggage: string | undefined): void;
}

/**
 * What a server takes of request line and headers together: Node's default (`--max-http-header-size`). Beyond it
 * the answer is 431.
 */
export const MAX_REQUEST_BYTES = 16_384;
/** What W3C Baggage has everybody pass on, and about what nginx and Apache take of one line. */
const MAX_BAGGAGE_BYTES = 8192;
/** By the first form within the limit. */
const DROPPED: Readonly<Record<HeaderSet['first'], string>> = {
  [FORM.everything]: '',
  [FORM.tagged]: 'the headers go without metadata',
  [FORM.bare]: 'the headers go without metadata and tags',
  [FORM.none]: 'no header is sent',
};
const NO_ROOM = 'a request has headers of its own that leave no room for those of its run';

/** The one place where context, policy and headers meet: every rule of precedence is here. */
export class Propagator {
  readonly counts: Counts;
  private readonly config: Config;
  private readonly destinations: DestinationPolicy;
  private readonly peers: PeerPolicy;
  private readonly env: NodeJS.ProcessEnv;

  constructor(config: Config, destinations: DestinationPolicy, peers: PeerPolicy, env: NodeJS.ProcessEnv) {
    this.config = config;
    this.destinations = destinations;
    this.peers = peers;
    this.env = env;
    this.counts = { injected: 0, relayed: 0, extracted: 0, distrusted: 0 };
  }

  /**
   * Writes the headers of `context` on a request, where policy and precedence allow it. Never throws.
   *
   * @returns whether they were written
   */
  inject<T>(carrier: OutgoingCarrier<T>, request: T, context: Context): boolean {
    try {
      return this.injectUnguarded(carrier, request, context);
    } catch (error) {
      logFailure(`inject (${carrier.seam})`, error);
      return false;
    }
  }

  /** What `inject` has written was taken back: writes what there is room for. Never throws. */
  revise<T>(carrier: OutgoingCarrier<T>, request: T, context: Context): void {
    if (this.publishedRunOf(context) !== undefined) this.counts.injected--;
    else this.counts.relayed--;
    this.inject(carrier, request, context);
  }

  /**
   * Reads the caller's run from a request that arrives with a trace, or says that its trace was not sampled. Never throws.
   *
   * @param address the peer's; `isLocal` says that it came over a unix socket and has none
   */
  extract(
    trace: string | undefined,
    baggage: unknown,
    address: string | undefined,
    isLocal: boolean,
  ): Inbound | null {
    try {
      if (this.peers.trusts(address, isLocal)) return this.read(trace, baggage) ?? refused(trace);
      this.counts.distrusted++;
    } catch (error) {
      logFailure('extract', error);
    }
    return refused(trace);
  }

  /** Reads the caller's run from headers that the application vouches for. */
  read(trace: unknown, baggage: unknown): RemoteRun | undefined {
    if (trace === undefined && saysLeftOut(baggage)) return leftOutRun();
    if (!isDottedOrder(trace)) return undefined;
    this.counts.extracted++;
    return new RemoteRun(trace, typeof baggage === 'string' ? baggage : undefined);
  }

  /** The headers of `context` for a destination that the application itself has chosen. */
  headersOf(context: Context): TraceHeaders | undefined {
    const set = this.headerSetOf(this.publishedRunOf(context), context);
    return set === undefined ? undefined : richest(set);
  }

  private injectUnguarded<T>(carrier: OutgoingCarrier<T>, request: T, context: Context): boolean {
    const run = this.publishedRunOf(context);
    const set = this.headerSetOf(run, context);
    if (set === undefined) return false;
    const key = carrier.destinationKey(request);
    const grant =
      this.destinations.cached(key) ?? this.destinations.decide(key, carrier.destination(request));
    if (grant === GRANT.nothing || isLangSmithClient(carrier.header(request, 'user-agent'))) {
      return false;
    }

    const ownTrace = carrier.header(request, TRACE_HEADER);
    // What the application has set wins, unless it only passes on what it was sent itself.
    if (ownTrace !== undefined && joined(ownTrace) !== inboundOf(context)?.dottedOrder) return false;

    const granted = grant === GRANT.everything ? FORM.everything : FORM.bare;
    if (!this.writeWhatFits(carrier, request, set, granted, ownTrace)) return false;
    if (run !== undefined) this.counts.injected++;
    else this.counts.relayed++;
    return true;
  }

  /** Writes the first form with which the request stays within what servers take. */
  private writeWhatFits<T>(
    carrier: OutgoingCarrier<T>,
    request: T,
    { trace, baggages, first }: HeaderSet,
    granted: number,
    ownTrace: HeaderValue,
  ): boolean {
    if (first === FORM.none) return false;
    const own = carrier.header(request, BAGGAGE_HEADER);
    const isRevised = own === undefined && ownTrace === undefined && carrier.isRevised?.(request) === true;
    const room = isRevised ? Number.POSITIVE_INFINITY : MAX_REQUEST_BYTES - carrier.size(request);
    const richestForm = Math.max(first, granted);
    for (let i = richestForm; i < FORM.none; i++) {
      const ours = baggages[i] as string;
      const baggage = this.baggageFor(carrier, request, ours, own);
      const more =
        baggage === undefined ? 0 : linesOf(BAGGAGE_HEADER, baggage) - linesOf(BAGGAGE_HEADER, own);
      const added = more + linesOf(TRACE_HEADER, trace) - linesOf(TRACE_HEADER, ownTrace);
      if (added > 0 && added > room) continue;
      if (own !== undefined && more > 0 && (baggage?.length ?? 0) > MAX_BAGGAGE_BYTES) continue;
      if (ours !== baggages[richestForm])
        logOnce('room', 'warn', `${NO_ROOM}: the headers go without metadata or tags`);
      carrier.write(request, trace, baggage);
      return true;
    }
    logOnce('no room', 'warn', `${NO_ROOM}: none is sent`);
    return false;
  }

  /**
   * What another agent adds to a `baggage` of ours stands behind it. Where there is no room for both, ours goes.
   *
   * @returns whether it is written; not where the request has no `baggage` of ours
   */
  appendBaggage<T>(carrier: OutgoingCarrier<T>, request: T, added: string): boolean {
    const own = carrier.header(request, BAGGAGE_HEADER);
    const trace = carrier.header(request, TRACE_HEADER);
    if (typeof own !== 'string' || typeof trace === 'object' || !own.startsWith('langsmith-')) return false;
    // OpenTelemetry's propagator sends on all members of the inbound header, ours among them.
    const others = mergeBaggage('', added);
    if (others === '') return true;
    const both = `${own},${others}`;
    const size = carrier.size(request) - linesOf(BAGGAGE_HEADER, own) + linesOf(BAGGAGE_HEADER, both);
    if (size <= MAX_REQUEST_BYTES && both.length <= MAX_BAGGAGE_BYTES) {
      carrier.write(request, trace ?? '', both);
      return true;
    }
    logOnce('room', 'warn', `${NO_ROOM}: the headers go without metadata or tags`);
    carrier.write(request, trace ?? '', mergeBaggage('', both));
    return true;
  }

  /** The `baggage` to write; `undefined` to leave the request's own as it is, `''` where nothing of it stays. */
  private baggageFor<T>(
    carrier: OutgoingCarrier<T>,
    request: T,
    ours: string,
    own: HeaderValue,
  ): string | undefined {
    if (own === undefined) return ours === '' ? undefined : ours;
    if (isBaggageSigned(carrier, request)) return undefined;
    const existing = joined(own, ',');
    // Others' alone, and nothing to add: it stays as it is written.
    if (ours === '' && !existing.includes('langsmith-')) return undefined;
    return mergeBaggage(ours, existing);
  }

  /** The headers of `run`, or else of the caller's. */
  private headerSetOf(run: RunTreeLike | undefined, context: Context): HeaderSet | undefined {
    const set =
      run !== undefined
        ? headersOfRun(run, this.config.maxHeaderBytes)
        : (remoteOf(context)?.relayHeaders(this.config.maxHeaderBytes) ??
          (this.isLeftOut(context) ? LEFT_OUT : undefined));
    if (set !== undefined && set.first !== FORM.everything) this.warnOfSize(set.first);
    return set;
  }

  /** The run that is current and will be published. */
  private publishedRunOf(context: Context): RunTreeLike | undefined {
    const run = localRunOf(context);
    return run !== undefined && isTraced(run, this.env) && isSampled(run) ? run : undefined;
  }

  /** Whether the run that is current would be published if it had been sampled. */
  private isLeftOut(context: Context): boolean {
    const run = localRunOf(context);
    return run !== undefined && isTraced(run, this.env) && !isSampled(run);
  }

  private warnOfSize(first: HeaderSet['first']): void {
    const limit = `TRACE_AGENT_MAX_HEADER_BYTES=${this.config.maxHeaderBytes}`;
    logOnce(`size: ${first}`, 'warn', `the headers of a run are larger than ${limit}: ${DROPPED[first]}`);
  }
}

function refused(trace: string | undefined): Inbound | null {
  return trace === undefined ? null : new RefusedTrace(trace);
}

/** As Node joins a header that comes several times. */
function joined(value: string | readonly string[], separator = ', '): string {
  return typeof value === 'string' ? value : value.join(separator);
}

/** What the lines of a header take on the wire, in bytes: the values are latin1. */
function linesOf(name: string, value: HeaderValue): number {
  if (value === undefined || value === '') return 0;
  if (typeof value === 'string') return name.length + LINE_OVERHEAD + value.length;
  return value.reduce((size, one) => size + linesOf(name, one), 0);
}

/** The SDK's own traffic flushes inside the context of a run. `/info` lacks the header up to 0.4.12. */
function isLangSmithClient(userAgent: HeaderValue): boolean {
  return typeof userAgent === 'string' && userAgent.startsWith('langsmith-js/');
}

/** AWS Signature Version 4, in the header or in the query: a signed header must arrive as it was signed. */
function isBaggageSigned<T>(carrier: OutgoingCarrier<T>, request: T): boolean {
  const authorization = carrier.header(request, 'authorization');
  const signed =
    typeof authorization === 'string' && authorization.startsWith('AWS4-')
      ? /SignedHeaders=([^,\s]*)/i.exec(authorization)
      : /[?&]X-Amz-SignedHeaders=([^&]*)/i.exec(carrier.target(request));
  const names = signed?.[1]?.toLowerCase().split(/;|%3b/) ?? [];
  return names.includes(BAGGAGE_HEADER);
}
