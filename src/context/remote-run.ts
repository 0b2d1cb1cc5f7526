import { BoundedMap } from '../bounded-map.ts';
import { type BaggageFields, parseBaggage, relayMembers } from '../headers/baggage.ts';
import { runIdOf, toDottedOrder, traceIdOf } from '../headers/dotted-order.ts';
import { MAX_BAGGAGE_LENGTH } from '../headers/members.ts';
import { LEFT_OUT } from '../headers/sampling.ts';
import {
  type FieldForms,
  formsOf,
  type HeaderSet,
  type HeaderSettings,
  headerSetOf,
  NO_FIELDS,
  NO_HEADERS,
} from '../headers/trace-headers.ts';
import { withoutTraceMember } from '../headers/trace-member.ts';
import { arrivalOfRequest } from './arrival.ts';
import { leftOutId } from './left-out.ts';

/**
 * An inbound `langsmith-trace`, or LangSmith's members of an inbound `baggage`, that are invalid or not trusted. They
 * are treated as absent, but kept so that they can be recognized if the application forwards them unchanged.
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
 * How long the context of a request lasts after its response has closed, in milliseconds: 15 minutes. Work that
 * continues after a 202 still belongs to the request. A consumer loop or an interval that the request happened to start
 * does not belong to it for ever.
 */
const LINGER = 15 * 60 * 1000;

/** The trace headers that a request arrived with. */
export type Inbound = RemoteRun | RefusedTrace;

/**
 * The caller's run, known only from the headers of a request. The context of that request holds this object, and a
 * keep-alive connection may retain it for long. So it stores the two header values and computes the rest on demand.
 */
export class RemoteRun {
  readonly dottedOrder: string;
  /** Whether the caller has not sampled the trace. Then no run of the trace is published. */
  readonly isLeftOut: boolean;
  /** See `arrivalOfRequest`. */
  readonly arrival: number | undefined;
  /**
   * When the request ended, in milliseconds since 1970. It is 0 while the request is open, so `isOver` reads no clock
   * then.
   */
  private endedAt: number;
  /** The socket of an upgraded request. The request ends when this socket is destroyed. */
  private upgraded: { readonly destroyed?: boolean } | undefined;
  /** The header as it was received. */
  readonly baggage: string | undefined;
  private parsedFields: BaggageFields | undefined;
  private headers: HeaderSet | undefined;
  /** The run that represents this one for the SDK, once the SDK has asked for it. */
  shownAs: object | undefined;

  /** @param baggage the header as it was received; only LangSmith's members of it are ever read */
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

  /** Records the end of the request: its response has closed, or its handler has settled. */
  end(): void {
    if (this.endedAt === 0) this.endedAt = Date.now();
  }

  /** Ties the end of the request to `socket`, which belongs to this request alone from now on. */
  endWith(socket: { readonly destroyed?: boolean }): void {
    this.upgraded = socket;
  }

  /** Whether the context of the request has ended. After that, nothing is adopted or relayed in it. */
  get isOver(): boolean {
    if (this.upgraded?.destroyed === true) this.end();
    return this.endedAt !== 0 && Date.now() - this.endedAt > LINGER;
  }

  /**
   * Returns a run for code that kept this one and makes it current again. The end of the request does not apply then.
   */
  again(): RemoteRun {
    return this.isOver ? new RemoteRun(this.dottedOrder, this.baggage, this.isLeftOut) : this;
  }

  get traceId(): string {
    return traceIdOf(this.dottedOrder);
  }

  get runId(): string {
    return runIdOf(this.dottedOrder);
  }

  /** The fields that the caller sent for its run: metadata, tags, project. */
  get fields(): BaggageFields {
    this.parsedFields ??= parseBaggage(this.baggage);
    return this.parsedFields;
  }

  /** The headers that keep an outgoing request of this service in the caller's trace. */
  relayHeaders(settings: HeaderSettings): HeaderSet {
    if (this.isLeftOut) return LEFT_OUT;
    this.headers ??= makeRelayed(this.dottedOrder, this.baggage, settings);
    return this.headers;
  }
}

/**
 * Makes a run for a trace that was not sampled and therefore arrived without an id. The run is never published.
 *
 * @param baggage the header as it was received, if its members must not be forwarded
 */
export function leftOutRun(baggage?: string): RemoteRun {
  return new RemoteRun(toDottedOrder(Date.now(), leftOutId()), baggage, true);
}

/**
 * The forms of the inbound header, by its value without the trace. All requests that a run sends carry the same value. At
 * most 2 MB.
 */
const relayed = new BoundedMap<string, FieldForms>(64);
const LONGEST_KEPT = 16_384;

function makeRelayed(dottedOrder: string, baggage: string | undefined, settings: HeaderSettings): HeaderSet {
  if (baggage === undefined) return headerSetOf(dottedOrder, NO_FIELDS, settings);
  // The project is not known, and without it the runs of the next service would go to another project.
  if (baggage.length > MAX_BAGGAGE_LENGTH) return NO_HEADERS;
  return headerSetOf(dottedOrder, relayedForms(withoutTraceMember(baggage)), settings);
}

function relayedForms(baggage: string): FieldForms {
  const known = relayed.get(baggage);
  if (known !== undefined) return known;
  const forms = formsOf(relayMembers(baggage));
  if (baggage.length <= LONGEST_KEPT) relayed.set(baggage, forms);
  return forms;
}
