/** What the propagator needs to know of an outgoing request, whichever seam has caught it. */
import { BAGGAGE_HEADER } from './headers/names.ts';
import { LINE_OVERHEAD } from './headers/trace-headers.ts';
import type { Destination } from './policy/destinations.ts';
import { isLangSmithClient } from './policy/langsmith-client.ts';

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
   * Sets the two headers in place of any that are there, without touching an object of the caller's. `undefined` leaves
   * the request's own; `''` takes it away.
   */
  write(request: T, trace: string | undefined, baggage: string | undefined): void;
}

/**
 * What a server takes of request line and headers together: Node's default (`--max-http-header-size`). Beyond it
 * the answer is 431.
 */
export const MAX_REQUEST_BYTES = 16_384;
/** The number of headers that Apache, Tomcat and Envoy take at most; Node takes 128 over HTTP/2. Beyond it they refuse. */
export const MAX_REQUEST_HEADERS = 100;
/** As Node joins a header that comes several times. */
export function joined(value: string | readonly string[], separator = ', '): string {
  return typeof value === 'string' ? value : value.join(separator);
}

/** What the lines of a header take on the wire, in bytes: the values are latin1. */
export function linesOf(name: string, value: HeaderValue): number {
  if (value === undefined || value === '') return 0;
  if (typeof value === 'string') return name.length + LINE_OVERHEAD + value.length;
  return value.reduce((size, one) => size + linesOf(name, one), 0);
}

/** The SDK's own traffic flushes inside the context of a run. `/info` lacks the header up to 0.4.12. */
export function isOfLangSmithClient<T>(carrier: OutgoingCarrier<T>, request: T): boolean {
  return isLangSmithClient(
    (name) => carrier.header(request, name),
    () => carrier.target(request),
  );
}

/** AWS Signature Version 4, in the header or in the query: a signed header must arrive as it was signed. */
export function isBaggageSigned<T>(carrier: OutgoingCarrier<T>, request: T): boolean {
  const authorization = carrier.header(request, 'authorization');
  const signed =
    typeof authorization === 'string' && authorization.startsWith('AWS4-')
      ? /SignedHeaders=([^,\s]*)/i.exec(authorization)
      : /[?&]X-Amz-SignedHeaders=([^&]*)/i.exec(carrier.target(request));
  const names = signed?.[1]?.toLowerCase().split(/;|%3b/) ?? [];
  return names.includes(BAGGAGE_HEADER);
}
