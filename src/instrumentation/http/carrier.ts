/** How the headers of a `ClientRequest` are read and written, and how it names its destination. */
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

/** `options.headers` as an array, flat or of pairs; or none at all. */
export type RawHeaders = readonly unknown[] | null | undefined;
type Pair = readonly [name: string, value: unknown];

export interface Request extends ClientRequest {
  socketPath?: string | null;
  /** Request line and headers as they go to the wire; `null` until then (`_http_outgoing.js`, Node 8 to 26). */
  _header?: string | null;
  /** What it knows of it before it looks at the headers. */
  _contentLength?: number | null | undefined;
  _storeHeader(firstLine: string, headers: unknown): void;
}

/** `headers` given as an array, which goes to the wire as it is: a new array of the same shape takes its place. */
export interface RawRequest {
  readonly request: Request;
  headers: RawHeaders;
}

export interface Carriers {
  /** The usual case: the headers are the request's own, and `setHeader` still works. */
  readonly measuredCarrier: OutgoingCarrier<Request>;
  /**
   * The size is seen when Node has written the header: to list what a request has took a fifth of the agent's time. With
   * `Expect` it is sent at once.
   */
  readonly requestCarrier: OutgoingCarrier<Request>;
  readonly rawCarrier: OutgoingCarrier<RawRequest>;
  /** Whether Node has written more for the request than servers take, the size of which was left to be seen. */
  isTooLarge(request: Request): boolean;
  /** Gives the request its own headers back: ours were lent to it for as long as Node wrote them. */
  takeBack(request: Request): void;
}

/** ` `, ` HTTP/1.1\r\n`, the `Connection` and `Transfer-Encoding` lines that Node adds when it writes, and the empty one. */
const REQUEST_LINE_OVERHEAD = 66;
/** Of the application's own: beside them are ours, and those two of Node's. */
const MOST_HEADERS = MAX_REQUEST_HEADERS - 4;

/**
 * @param ofMessages the prototype of `OutgoingMessage`
 * @param portOf the port that a request is connected to, where it is known
 */
export function createCarriers(
  ofMessages: OutgoingMessage,
  portOf: (request: Request) => number | undefined,
): Carriers {
  const outHeaders = createOutHeaders(ofMessages);
  const headerOf = (request: Request, name: string) => outHeaders.get(request, name);
  /** The request that has just been given the headers of its run, whatever their size. */
  let unmeasured: Request | undefined;

  const measuredCarrier: OutgoingCarrier<Request> = {
    seam: 'http client',
    destinationKey: (request) => destinationKey(request, headerOf(request, 'host'), portOf(request)),
    destination: (request) => destination(request, headerOf(request, 'host'), portOf(request)),
    target: (request) => String(request.path),
    header: headerOf,
    size(request) {
      if (outHeaders.count(request) > MOST_HEADERS) return Number.POSITIVE_INFINITY;
      const size = request.method.length + String(request.path).length + REQUEST_LINE_OVERHEAD;
      return size + outHeaders.size(request);
    },
    write(request, trace, baggage) {
      // First the one that can fail, on what the application had in it.
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

/** A line takes at least five characters, so most headers need not be looked at. */
function hasTooManyLines(header: string): boolean {
  return header.length > MAX_REQUEST_HEADERS * 5 && header.split('\r\n').length - 3 > MAX_REQUEST_HEADERS;
}

/** Node accepts header names that are not strings as long as they read as a token. */
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

/** Most requests go where the one before went: its key is not put together, and not hashed, again. */
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
  // It may be another port after all.
  return found && { ...found, named: [...(found.named ?? []), { ...connected, port: undefined }] };
}

/**
 * The port that the `Host` header claims, or else the scheme's own: for an agent of its own making, and for a header that
 * is written before there is a connection.
 */
function claimedPort(request: Request, hosts: HeaderValue): number | undefined {
  if (typeof hosts !== 'string') return undefined;
  const { host, port } = parseHostHeader(hosts);
  if (host === undefined || host !== canonicalHost(request.host)) return undefined;
  return port ?? (request.protocol === 'https:' ? 443 : 80);
}
