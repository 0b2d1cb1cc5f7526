/**
 * The headers of a message to a queue. A queue counts as internal, as a unix socket does: the operator has connected it,
 * and it has no host that all of its consumers share. So it gets the headers that internal destinations get.
 */
import { BAGGAGE_HEADER, isNamed, TRACE_HEADER } from '../../../headers/names.ts';
import { logFailure } from '../../../log.ts';
import type { MessageHeaders } from '../../../messages.ts';
import { type HeaderValue, MAX_REQUEST_BYTES, type OutgoingCarrier } from '../../../outgoing-carrier.ts';
import type { Destination } from '../../../policy/destinations.ts';
import type { Binder } from '../binder.ts';

type Headers = Readonly<Record<string, unknown>>;
interface Message {
  headers: Headers;
  /** Returns the number of bytes that may be added. */
  readonly roomFor: (headers: Headers) => number;
}

const QUEUE: Destination = { host: '', port: undefined, local: true, via: undefined };

const carrier: OutgoingCarrier<Message> = {
  seam: 'queue',
  destinationKey: () => 'queue:',
  destination: () => QUEUE,
  method: () => 'SEND',
  header: ({ headers }, name) => headerOf(headers, name),
  target: () => '/',
  size: ({ headers, roomFor }) => MAX_REQUEST_BYTES - roomFor(headers),
  write(message, trace, baggage) {
    message.headers = withHeader(withHeader(message.headers, TRACE_HEADER, trace), BAGGAGE_HEADER, baggage);
  },
};

/**
 * Returns a copy of the headers with those of the running code, or the same object if there are none to add. A
 * `langsmith-trace` of the application's own takes precedence. Never throws.
 */
export function tracedHeaders(
  headers: Headers,
  binder: Binder,
  roomFor: Message['roomFor'] = () => MAX_REQUEST_BYTES,
): Headers {
  try {
    const message = { headers, roomFor };
    if (binder.current() !== undefined) binder.messages()?.inject(carrier, message);
    return message.headers;
  } catch (error) {
    logFailure('send a message to a queue', error);
    return headers;
  }
}

/** Returns the two headers of a message; `undefined` if it has neither. Never throws. */
export function readHeaders(headers: unknown): MessageHeaders | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  try {
    const values = headers as Headers;
    const trace = headerOf(values, TRACE_HEADER);
    const baggage = headerOf(values, BAGGAGE_HEADER);
    return trace === undefined && baggage === undefined ? undefined : { trace, baggage };
  } catch (error) {
    logFailure('read a message of a queue', error, 'the message');
    return undefined;
  }
}

/** Calls `handle` under the run that the headers of a message name. Without headers, it is called as it is. */
export function handleUnder<R>(headers: MessageHeaders | undefined, binder: Binder, handle: () => R): R {
  const messages = headers === undefined ? undefined : binder.messages();
  return headers === undefined || messages === undefined ? handle() : messages.consume(headers, handle);
}

/** `undefined` keeps the header; `''` removes it. */
function withHeader(headers: Headers, name: string, value: string | undefined): Headers {
  if (value === undefined) return headers;
  const copy: Record<string, unknown> = {};
  // amqplib sends inherited headers too.
  for (const key in headers) if (!isNamed(key, name)) copy[key] = headers[key];
  if (value !== '') copy[name] = value;
  return copy;
}

/** Returns a header in any letter case. */
function headerOf(headers: Headers, name: string): HeaderValue {
  for (const key in headers) if (isNamed(key, name)) return textOf(headers[key]);
  return undefined;
}

/** Clients in other languages send headers as bytes. */
function textOf(value: unknown): HeaderValue {
  if (value === undefined || value === null) return undefined;
  if (value instanceof Uint8Array) return new TextDecoder('latin1').decode(value);
  return typeof value === 'string' ? value : '';
}
