import { BoundedMap } from '../bounded-map.ts';
import { type BaggageFields, MAX_BAGGAGE_LENGTH, parseBaggage, relayMembers } from '../headers/baggage.ts';
import { runIdOf, toDottedOrder, traceIdOf } from '../headers/dotted-order.ts';
import { LEFT_OUT } from '../headers/sampling.ts';
import {
  type BaggageForms,
  formsOf,
  type HeaderSet,
  headerSetOf,
  NO_BAGGAGE,
  NO_HEADERS,
} from '../headers/trace-headers.ts';
import { arrivalOfRequest } from './arrival.ts';
import { leftOutId } from './left-out.ts';

/**
 * A `langsmith-trace` or LangSmith's members of `baggage` that came and are not believed, or are none: as if they were
 * absent, but known again where the application passes them on as they came.
 */
export class RefusedTrace {
  readonly dottedOrder: string | undefined;
  readonly baggage: string | undefined;
  constructor(value: string | undefined, baggage: string | undefined) {
    this.dottedOrder = value;
    this.baggage = baggage;
  }
}

/**
 * How long the context of a request lasts after its response has closed, in milliseconds: 15 minutes. Work that goes on
 * after a 202 still belongs to the request. A consumer loop or an interval that the request happened to start does not
 * belong to it for ever.
 */
const LINGER = 15 * 60 * 1000;

/** What a request came with. */
export type Inbound = RemoteRun | RefusedTrace;

/**
 * The caller's run, known only from the headers of a request. It is what the context of that request holds, and
 * a keep-alive connection may hold on to it for long, so it keeps the two header values and makes the rest when
 * somebody asks.
 */
export class RemoteRun {
  readonly dottedOrder: string;
  /** The caller has not sampled the trace: no run of it is published. */
  readonly isLeftOut: boolean;
  /** See `arrivalOfRequest`. */
  readonly arrival: number | undefined;
  /** When the request was over, in milliseconds since 1970; 0 while it is open, so that no clock is read then. */
  private endedAt: number;
  /** The socket that an upgraded request goes on with: the request is over when the socket is destroyed. */
  private upgraded: { readonly destroyed?: boolean } | undefined;
  /** The header as it came. */
  readonly baggage: string | undefined;
  private parsedFields: BaggageFields | undefined;
  private headers: HeaderSet | undefined;
  /** The run that the SDK is shown for it, once it has asked. */
  shownAs: object | undefined;

  /** @param baggage the header as it came; only LangSmith's members of it are ever read */
  constructor(dottedOrder: string, baggage: string | undefined, isLeftOut = false) {
    this.dottedOrder = dottedOrder;
    this.isLeftOut = isLeftOut;
    this.arrival = arrivalOfRequest();
    this.endedAt = 0;
    this.upgraded = undefined;
    this.baggage = baggage;
    this.parsedFields = undefined;
    this.headers = undefined;
    this.shownAs = undefined;
  }

  /** The request is over: its response has closed, or its handler has settled. */
  end(): void {
    if (this.endedAt === 0) this.endedAt = Date.now();
  }

  /** The request goes on as long as `socket`, which is its own from now on. */
  endWith(socket: { readonly destroyed?: boolean }): void {
    this.upgraded = socket;
  }

  /** Whether the context of the request has ended: nothing is adopted or relayed in it any more. */
  get isOver(): boolean {
    if (this.upgraded?.destroyed === true) this.end();
    return this.endedAt !== 0 && Date.now() - this.endedAt > LINGER;
  }

  /** For code that has kept the run and makes it current again: the end of the request is no matter then. */
  again(): RemoteRun {
    return this.isOver ? new RemoteRun(this.dottedOrder, this.baggage, this.isLeftOut) : this;
  }

  get traceId(): string {
    return traceIdOf(this.dottedOrder);
  }

  get runId(): string {
    return runIdOf(this.dottedOrder);
  }

  /** What the caller said of its run: metadata, tags, project. */
  get fields(): BaggageFields {
    this.parsedFields ??= parseBaggage(this.baggage);
    return this.parsedFields;
  }

  /** The headers with which a request of this service stays in the caller's trace. */
  relayHeaders(maxBytes: number): HeaderSet {
    if (this.isLeftOut) return LEFT_OUT;
    this.headers ??= makeRelayed(this.dottedOrder, this.baggage, maxBytes);
    return this.headers;
  }
}

/** For a trace that was not sampled, and so was not named: a run that nobody will ever see. */
export function leftOutRun(): RemoteRun {
  return new RemoteRun(toDottedOrder(Date.now(), leftOutId()), undefined, true);
}

/** By the header as it came: all requests that a run sends bring the same one. At most 2 MB. */
const relayed = new BoundedMap<string, BaggageForms>(64);
const LONGEST_KEPT = 16_384;

function makeRelayed(dottedOrder: string, baggage: string | undefined, maxBytes: number): HeaderSet {
  if (baggage === undefined) return headerSetOf(dottedOrder, NO_BAGGAGE, maxBytes);
  // Its project is not known, and without it the runs of the next service would go to another.
  if (baggage.length > MAX_BAGGAGE_LENGTH) return NO_HEADERS;
  return headerSetOf(dottedOrder, relayedForms(baggage), maxBytes);
}

function relayedForms(baggage: string): BaggageForms {
  const known = relayed.get(baggage);
  if (known !== undefined) return known;
  const forms = formsOf(relayMembers(baggage));
  if (baggage.length <= LONGEST_KEPT) relayed.set(baggage, forms);
  return forms;
}
