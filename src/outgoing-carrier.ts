/** The view of an outgoing request that the propagator works on, whichever seam caught the request. */
import { BAGGAGE_HEADER } from './headers/names.ts';
import { LINE_OVERHEAD } from './headers/trace-headers.ts';
import type { Destination } from './policy/destinations.ts';
import { isLangSmithClient } from './policy/langsmith-client.ts';

/** The value of a header as the application gave it, or its values if it gave several. */
export type HeaderValue = string | readonly string[] | undefined;

/** Reads and writes one kind of outgoing request. Each seam has one such object for all its requests. */
export interface OutgoingCarrier<T> {
  /** The name of the seam, for messages. */
  readonly seam: string;
  /** The key under which the decision on the destination is cached. Requests with equal keys get the same decision. */
  destinationKey(request: T): string;
  /** Called if the key is not cached. `undefined` if the destination cannot be determined; then nothing is sent. */
  destination(request: T): Destination | undefined;
  /** The request's own header in any letter case. `name` is lower case. */
  header(request: T, name: string): HeaderValue;
  /** The method, for messages. */
  method(request: T): string;
  /** The request target, used to recognize requests that are signed in the query. */
  target(request: T): string;
  /** The size of the request line and the headers so far, in bytes. */
  size(request: T): number;
  /**
   * Whether the seam checks the size itself after the header is written, and calls `propagator.revise` if it is too
   * large. It is not called for a request that already has one of the two headers.
   */
  isRevised?(request: T): boolean;
  /**
   * Sets the two headers and replaces existing ones, without changing an object of the caller's. `undefined` keeps the
   * request's own header; `''` removes it.
   */
  write(request: T, trace: string | undefined, baggage: string | undefined): void;
}

/**
 * The default limit of Node on the request line and the headers together (`--max-http-header-size`). Beyond it the
 * server answers 431.
 */
export const MAX_REQUEST_BYTES = 16_384;
/**
 * The minimum that W3C Baggage requires everybody to pass on. It is also close to the limit of nginx and Apache on one
 * line.
 */
export const MAX_BAGGAGE_BYTES = 8192;
/** The number of members that W3C Baggage requires everybody to pass on. */
const MAX_BAGGAGE_MEMBERS = 64;
/** Apache, Tomcat and Envoy accept at most 100 headers and refuse a request with more. Node accepts 128 over HTTP/2. */
export const MAX_REQUEST_HEADERS = 100;
/** The start of the warning that something was left out. */
export const NO_ROOM = "the application's headers on a request leave no room for all headers of its run";

/** Joins the values of a repeated header as Node does. */
export function joined(value: string | readonly string[], separator = ', '): string {
  return typeof value === 'string' ? value : value.join(separator);
}

/** The size of the lines of a header on the wire, in bytes. The values are latin1, so a character is a byte. */
export function linesOf(name: string, value: HeaderValue): number {
  if (value === undefined || value === '') return 0;
  if (typeof value === 'string') return name.length + LINE_OVERHEAD + value.length;
  return value.reduce((size, one) => size + linesOf(name, one), 0);
}

/** Whether `baggage` has more members than everybody passes on, but the request's own has not. */
export function hasTooManyMembers(baggage: string, own: string | readonly string[]): boolean {
  const isTooMany = (list: string) => list.split(',').length > MAX_BAGGAGE_MEMBERS;
  return isTooMany(baggage) && !isTooMany(joined(own, ','));
}

/**
 * Whether the request is the SDK's own traffic, which is flushed inside the context of a run. `/info` lacks the
 * `User-Agent` up to 0.4.12.
 */
export function isOfLangSmithClient<T>(carrier: OutgoingCarrier<T>, request: T): boolean {
  return isLangSmithClient(
    (name) => carrier.header(request, name),
    () => carrier.target(request),
  );
}

/**
 * Whether `baggage` is among the headers signed by AWS Signature Version 4, in the header or in the query. A signed
 * header must arrive unchanged.
 */
export function isBaggageSigned<T>(carrier: OutgoingCarrier<T>, request: T): boolean {
  const authorization = carrier.header(request, 'authorization');
  const signed =
    typeof authorization === 'string' && authorization.startsWith('AWS4-')
      ? /SignedHeaders=([^,\s]*)/i.exec(authorization)
      : /[?&]X-Amz-SignedHeaders=([^&]*)/i.exec(carrier.target(request));
  const names = signed?.[1]?.toLowerCase().split(/;|%3b/) ?? [];
  return names.includes(BAGGAGE_HEADER);
}
