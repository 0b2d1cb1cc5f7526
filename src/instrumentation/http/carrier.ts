/** Reads and writes the headers of a `ClientRequest`, and determines its destination. */
import type { ClientRequest, OutgoingMessage } from 'node:http';
import { BAGGAGE_HEADER, isNamed, TRACE_HEADER } from '../../headers/names.ts';
import {
  type HeaderValue,
  joined,
  MAX_REQUEST_BYTES,
  MAX_REQUEST_HEADERS,
  type OutgoingCarrier,
} from '../../outgoing-carrier.ts';
import type { Destination } from '../../policy/destinations.ts';
import { canonicalHost } from '../../policy/hosts.ts';
import { destinationOf, isAbsolute, originOf, parseHostHeader } from '../../policy/request-names.ts';
import { asHeaderValue } from '../header-list.ts';
import { createOutHeaders, sizeOfLine } from './out-headers.ts';

/** `options.headers` as a flat array or an array of pairs, or absent. */
export type RawHeaders = readonly unknown[] | null | undefined;
type Pair = readonly [name: string, value: unknown];

export interface Request extends ClientRequest {
  socketPath?: string | null;
  /**
   * The request line and headers as they are sent; `null` until they are written (`_http_outgoing.js`, Node 8 to 26).
   */
  _header?: string | null;
  /** The content length that is known before the headers are written. */
  _contentLength?: number | null | undefined;
  _storeHeader(firstLine: string, headers: unknown): void;
}

/**
 * A request whose `headers` are an array. The array goes to the wire as it is, so a new array of the same shape
 * replaces it.
 */
export interface RawRequest {
  readonly request: Request;
  headers: RawHeaders;
}

export interface Carriers {
  /** For a request whose headers are its own, so that `setHeader` still works. The size is measured before writing. */
  readonly measuredCarrier: OutgoingCarrier<Request>;
  /**
   * The same, but the size is checked after Node has written the header, because listing the headers of a request took
   * a fifth of the agent's time. With `Expect` the header is sent at once, so the size is measured before.
   */
  readonly requestCarrier: OutgoingCarrier<Request>;
  readonly rawCarrier: OutgoingCarrier<RawRequest>;
  /** Whether Node has written more for the request than servers accept, if the size was not measured before. */
  isTooLarge(request: Request): boolean;
  /** Restores the request's own headers. Ours are set only while Node writes the header. */
  takeBack(request: Request): void;
}

/**
 * ` `, ` HTTP/1.1\r\n`, the `Connection` and `Transfer-Encoding` lines that Node adds when it writes, and the empty
 * line.
 */
const REQUEST_LINE_OVERHEAD = 66;
/** The most headers of the application's own. It leaves room for our two and for the two that Node adds. */
const MOST_HEADERS = MAX_REQUEST_HEADERS - 4;

/**
 * @param ofMessages the prototype of `OutgoingMessage`
 * @param portOf returns the port that a request is connected to, if it is known
 */
export function createCarriers(
  ofMessages: OutgoingMessage,
  portOf: (request: Request) => number | undefined,
): Carriers {
  const outHeaders = createOutHeaders(ofMessages);
  const headerOf = (request: Request, name: string) => outHeaders.get(request, name);
  /** The request that has just been given the headers of its run without measuring their size. */
  let unmeasured: Request | undefined;

  const measuredCarrier: OutgoingCarrier<Request> = {
    seam: 'http client',
    destinationKey: (request) => destinationKey(request, headerOf(request, 'host'), portOf(request)),
    destination: (request) => destination(request, headerOf(request, 'host'), portOf(request)),
    method: (request) => request.method,
    target: (request) => String(request.path),
    header: headerOf,
    size(request) {
      if (outHeaders.count(request) > MOST_HEADERS) return Number.POSITIVE_INFINITY;
      const size = request.method.length + String(request.path).length + REQUEST_LINE_OVERHEAD;
      return size + outHeaders.size(request);
    },
    write(request, trace, baggage) {
      // The baggage is written first, because it can fail on the value that the application had set.
      if (baggage !== undefined) outHeaders.lend(request, BAGGAGE_HEADER, baggage);
      if (trace !== undefined) outHeaders.lend(request, TRACE_HEADER, trace);
    },
  };

  const requestCarrier: OutgoingCarrier<Request> = {
    ...measuredCarrier,
    isRevised(request) {
      const isRevised = request._header === null && headerOf(request, 'expect') === undefined;
      if (isRevised) unmeasured = request;
      return isRevised;
    },
  };

  const rawCarrier: OutgoingCarrier<RawRequest> = {
    seam: 'http client, array of headers',
    destinationKey: ({ request, headers }) =>
      destinationKey(request, rawHeader(headers, 'host'), portOf(request)),
    destination: ({ request, headers }) => destination(request, rawHeader(headers, 'host'), portOf(request)),
    method: ({ request }) => request.method,
    target: ({ request }) => String(request.path),
    header: ({ headers }, name) => rawHeader(headers, name),
    size({ request, headers }) {
      let size = String(request.path).length + REQUEST_LINE_OVERHEAD;
      let count = 0;
      for (const [name, value] of pairsOf(headers)) {
        size += sizeOfLine(String(name), value);
        count += Array.isArray(value) ? value.length : 1;
      }
      return count > MOST_HEADERS ? Number.POSITIVE_INFINITY : size;
    },
    write(target, trace, baggage) {
      const isReplaced = (name: string) =>
        (trace !== undefined && isNamed(name, TRACE_HEADER)) ||
        (baggage !== undefined && isNamed(name, BAGGAGE_HEADER));
      const kept = pairsOf(target.headers).filter(([name]) => !isReplaced(String(name)));
      if (trace) kept.push([TRACE_HEADER, trace]);
      if (baggage) kept.push([BAGGAGE_HEADER, baggage]);
      target.headers = Array.isArray(target.headers?.[0]) ? kept : kept.flat(1);
    },
  };

  return {
    measuredCarrier,
    requestCarrier,
    rawCarrier,
    isTooLarge(request) {
      const isUnmeasured = unmeasured === request;
      unmeasured = undefined;
      const { _header: header } = request;
      if (!isUnmeasured || typeof header !== 'string') return false;
      return header.length > MAX_REQUEST_BYTES || hasTooManyLines(header);
    },
    takeBack: (request) => outHeaders.takeBack(request),
  };
}

/** A line takes at least five characters, so most headers are too short to need counting. */
function hasTooManyLines(header: string): boolean {
  return header.length > MAX_REQUEST_HEADERS * 5 && header.split('\r\n').length - 3 > MAX_REQUEST_HEADERS;
}

/** Node accepts header names that are not strings, if their text is a valid token. */
function pairsOf(headers: RawHeaders): Pair[] {
  if (headers === null || headers === undefined) return [];
  if (Array.isArray(headers[0])) return [...(headers as Pair[])];
  const pairs: Pair[] = [];
  for (let i = 0; i < headers.length; i += 2) pairs.push([headers[i] as string, headers[i + 1]]);
  return pairs;
}

function rawHeader(headers: RawHeaders, name: string): HeaderValue {
  const values = pairsOf(headers)
    .filter(([candidate]) => isNamed(String(candidate), name))
    .flatMap(([, value]) => (Array.isArray(value) ? value.map(String) : [String(value)]));
  return asHeaderValue(values);
}

/** All that the decision is made of. No part of it can have a line break in it, so two `Host` headers are not one. */
function destinationKey(request: Request, host: HeaderValue, port: number | undefined): string {
  const path = String(request.path);
  const key = request.socketPath
    ? `http unix\n${joined(host ?? '', '\r')}`
    : keyOf(request.protocol, request.host, port, host);
  return isAbsolute(path) ? `${key}\n${originOf(path) ?? ''}` : key;
}

const last = {
  protocol: '',
  host: '',
  port: undefined as unknown,
  header: undefined as HeaderValue,
  key: '',
};

/**
 * Most requests go to the same destination as the previous one. Its key is reused, so it is neither built nor hashed
 * again.
 */
function keyOf(protocol: string, host: string, port: number | undefined, header: HeaderValue): string {
  if (protocol !== last.protocol || host !== last.host || port !== last.port || header !== last.header) {
    last.protocol = protocol;
    last.host = host;
    last.port = port;
    last.header = header;
    last.key = `http ${protocol}//${host}\n${port}\n${joined(header ?? '', '\r')}`;
  }
  return last.key;
}

function destination(
  request: Request,
  hosts: HeaderValue,
  port: number | undefined,
): Destination | undefined {
  const path = String(request.path);
  if (request.socketPath) {
    return destinationOf({ host: '', port: undefined, local: true, via: undefined }, path, hosts);
  }
  const { host } = request;
  if (port !== undefined) return destinationOf({ host, port, local: false, via: undefined }, path, hosts);
  const claimed = claimedPort(request, hosts);
  const connected = { host, port: claimed, local: false, via: undefined };
  const found = destinationOf(connected, path, hosts);
  // The port is only assumed and may differ, so exceptions for any port of the host apply too.
  return found && { ...found, named: [...(found.named ?? []), { ...connected, port: undefined }] };
}

/**
 * The port that the `Host` header claims, or else the default of the scheme. It is used if the request has a custom
 * agent, and if the header is written before there is a connection.
 */
function claimedPort(request: Request, hosts: HeaderValue): number | undefined {
  if (typeof hosts !== 'string') return undefined;
  const { host, port } = parseHostHeader(hosts);
  if (host === undefined || host !== canonicalHost(request.host)) return undefined;
  return port ?? (request.protocol === 'https:' ? 443 : 80);
}
