/**
 * Every request of node:http and node:https (and of axios, got, node-fetch, the AWS SDK, ws: all that rides on
 * them) is a `ClientRequest`. Two of its steps are caught, both on the prototype, so that it does not matter how
 * the request was made or when its maker was captured:
 *
 * - Construction, for the context: with a pooled agent, `Expect` or a piped body the header is written later, in
 *   a context that belongs to somebody else. The constructor assigns `this.reusedSocket = false`
 *   (`_http_client.js`, Node 12.16 to 26), and an accessor on the prototype sees it.
 * - `_storeHeader(firstLine, headers)`, the last moment before the header becomes text (`_http_outgoing.js`). An agent may
 *   have it written again, once it has found its proxy.
 */
import type { ClientRequest, OutgoingMessage } from 'node:http';
import type { Context, ContextStorage } from '../../context/storage.ts';
import { BAGGAGE_HEADER, isNamed, TRACE_HEADER } from '../../headers/names.ts';
import {
  type Destination,
  destinationOfURL,
  hostBehind,
  isAbsolute,
  originOf,
  parseHostHeader,
  UNKNOWN,
} from '../../policy/destinations.ts';
import { canonicalHost } from '../../policy/hosts.ts';
import {
  type HeaderValue,
  MAX_REQUEST_BYTES,
  type OutgoingCarrier,
  type Propagator,
} from '../../propagator.ts';
import { createAttachment, createOwnProperty } from '../fields.ts';
import { asHeaderValue } from '../header-list.ts';
import { patchMethod, type Undo } from '../instrumentation.ts';
import { createRequestContexts } from './client-context.ts';
import type { IncomingMessages } from './incoming-messages.ts';
import { createOutHeaders, type OutHeaders, sizeOfLine } from './out-headers.ts';

/** `options.headers` as an array, flat or of pairs; or none at all. */
type RawHeaders = readonly unknown[] | null | undefined;
type Pair = readonly [name: string, value: unknown];

interface Request extends ClientRequest {
  socketPath?: string | null;
  /** Request line and headers as they go to the wire; `null` until then (`_http_outgoing.js`, Node 8 to 26). */
  _header?: string | null;
  /** What it knows of it before it looks at the headers. */
  _contentLength?: number | null | undefined;
  _storeHeader(firstLine: string, headers: unknown): void;
}

/** Of the class that requests are of. */
let outHeaders: OutHeaders;

/** @param ofRequests the prototype of `ClientRequest` */
export function watchRequests(
  ofRequests: object,
  contexts: ContextStorage,
  propagator: Propagator,
  messages: IncomingMessages,
): Undo {
  const prototype = ofRequests as Request;
  outHeaders = createOutHeaders(Object.getPrototypeOf(prototype) as OutgoingMessage);
  const assignReusedSocket = createOwnProperty('reusedSocket');
  type Prototype = Parameters<typeof createRequestContexts>[0];
  const written = createAttachment<true>();
  const made = createRequestContexts(prototype as unknown as Prototype, contexts, messages);

  Object.defineProperty(prototype, 'reusedSocket', {
    configurable: true,
    enumerable: false,
    get: () => undefined,
    set(this: Request, value: boolean) {
      assignReusedSocket(this, value);
      made.keep(this);
    },
  });

  const undoStoreHeader = patchMethod<Request, Request['_storeHeader']>(
    prototype,
    '_storeHeader',
    (original) =>
      function _storeHeader(this: Request, firstLine: string, headers: unknown): void {
        const context = made.of(this);
        if (context === undefined || this.method === 'CONNECT') {
          original().call(this, firstLine, headers);
          return;
        }
        const sent = injectInto(this, headers, context);
        const isUnmeasured = unmeasured === this;
        unmeasured = undefined;
        const { _contentLength: contentLength } = this;
        original().call(this, firstLine, sent);
        if (!isUnmeasured || !isTooLarge(this)) return;
        takeBack(this, contentLength);
        propagator.revise(measuredCarrier, this, context);
        original().call(this, firstLine, headers);
      },
  );

  function injectInto(request: Request, headers: unknown, context: Context): unknown {
    if (Array.isArray(headers) || headers === null || headers === undefined) {
      // Node refuses a flat array of odd length, in its own words.
      if (Array.isArray(headers) && !Array.isArray(headers[0]) && headers.length % 2 === 1) return headers;
      const target: RawRequest = { request, headers };
      write(rawCarrier, target, request, context);
      return target.headers;
    }
    write(requestCarrier, request, request, context);
    return headers;
  }

  /** A request whose header is written again counts once. */
  function write<T>(carrier: OutgoingCarrier<T>, target: T, request: Request, context: Context): void {
    if (written.of(request)) propagator.revise(carrier, target, context);
    else if (propagator.inject(carrier, target, context)) written.attach(request, true);
  }

  return () => {
    undoStoreHeader();
    made.uninstall();
    delete (prototype as { reusedSocket?: boolean }).reusedSocket;
  };
}

/** The usual case: the headers are the request's own, and `setHeader` still works. */
const measuredCarrier: OutgoingCarrier<Request> = {
  seam: 'http client',
  destinationKey: (request) => destinationKey(request, headerOf(request, 'host')),
  destination: (request) => destination(request, headerOf(request, 'host')),
  target: (request) => String(request.path),
  header: headerOf,
  size(request) {
    const size = request.method.length + String(request.path).length + REQUEST_LINE_OVERHEAD;
    return size + outHeaders.size(request);
  },
  write(request, trace, baggage) {
    // First the one that can fail, on what the application had in it.
    if (baggage === '') outHeaders.remove(request, BAGGAGE_HEADER);
    else if (baggage !== undefined) outHeaders.set(request, BAGGAGE_HEADER, baggage);
    if (trace === '') outHeaders.remove(request, TRACE_HEADER);
    else outHeaders.set(request, TRACE_HEADER, trace);
  },
};

/**
 * The size is seen when Node has written the header: to list what a request has took a fifth of the agent's time. With
 * `Expect` it is sent at once.
 */
const requestCarrier: OutgoingCarrier<Request> = {
  ...measuredCarrier,
  isRevised(request) {
    const isRevised = request._header === null && headerOf(request, 'expect') === undefined;
    if (isRevised) unmeasured = request;
    return isRevised;
  },
};

/** The request that has just been given the headers of its run, whatever their size. */
let unmeasured: Request | undefined;

function isTooLarge({ _header: header }: Request): boolean {
  return typeof header === 'string' && header.length > MAX_REQUEST_BYTES;
}

/** As if it had never had them, nor been written: with a length, Node writes `Content-Disposition` in another way. */
function takeBack(request: Request, contentLength: number | null | undefined): void {
  request._header = null;
  request._contentLength = contentLength;
  outHeaders.remove(request, TRACE_HEADER);
  outHeaders.remove(request, BAGGAGE_HEADER);
}

/** `headers` given as an array, which goes to the wire as it is: a new array of the same shape takes its place. */
interface RawRequest {
  readonly request: Request;
  headers: RawHeaders;
}

const rawCarrier: OutgoingCarrier<RawRequest> = {
  seam: 'http client, array of headers',
  destinationKey: ({ request, headers }) => destinationKey(request, rawHeader(headers, 'host')),
  destination: ({ request, headers }) => destination(request, rawHeader(headers, 'host')),
  target: ({ request }) => String(request.path),
  header: ({ headers }, name) => rawHeader(headers, name),
  size: ({ request, headers }) =>
    pairsOf(headers).reduce(
      (size, [name, value]) => size + sizeOfLine(String(name), value),
      String(request.path).length + REQUEST_LINE_OVERHEAD,
    ),
  write(target, trace, baggage) {
    const isReplaced = (name: string) =>
      isNamed(name, TRACE_HEADER) || (baggage !== undefined && isNamed(name, BAGGAGE_HEADER));
    const kept = pairsOf(target.headers).filter(([name]) => !isReplaced(String(name)));
    if (trace) kept.push([TRACE_HEADER, trace]);
    if (baggage) kept.push([BAGGAGE_HEADER, baggage]);
    target.headers = Array.isArray(target.headers?.[0]) ? kept : kept.flat(1);
  },
};

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

/** ` `, ` HTTP/1.1\r\n`, the `Connection` and `Transfer-Encoding` lines that Node adds when it writes, and the empty one. */
const REQUEST_LINE_OVERHEAD = 66;

function headerOf(request: Request, name: string): HeaderValue {
  return outHeaders.get(request, name);
}

/** The connection's host, and the `Host` header for the port; a proxy's requests name the target in the path. */
function destinationKey(request: Request, host: HeaderValue): string {
  if (request.socketPath) return `unix|${host ?? ''}`;
  const path = String(request.path);
  const key = keyOf(request.protocol, request.host, host);
  return isAbsolute(path) ? `${key}|${originOf(path) ?? ''}` : key;
}

const last = { protocol: '', host: '', header: undefined as HeaderValue, key: '' };

/** Most requests go where the one before went: its key is not put together, and not hashed, again. */
function keyOf(protocol: string, host: string, header: HeaderValue): string {
  if (protocol !== last.protocol || host !== last.host || header !== last.header) {
    last.protocol = protocol;
    last.host = host;
    last.header = header;
    last.key = `${protocol}//${host}|${header ?? ''}`;
  }
  return last.key;
}

function destination(request: Request, hostHeader: HeaderValue): Destination | undefined {
  if (request.socketPath) {
    const named = typeof hostHeader === 'string' ? parseHostHeader(hostHeader).host : undefined;
    return { host: '', port: undefined, local: true, via: undefined, named };
  }
  const connected = { host: request.host, port: portOf(request, hostHeader), local: false, via: undefined };
  const path = String(request.path);
  if (!isAbsolute(path)) return hostBehind(connected, hostHeader);
  const origin = originOf(path);
  if (origin === undefined) return undefined;
  const target = destinationOfURL(new URL(origin));
  // The agent of a proxy (Node's own from 24 on, http-proxy-agent) puts the target into the path and connects elsewhere.
  const isHidden = canonicalHost(target.host) === canonicalHost(request.host);
  return { ...target, via: isHidden ? UNKNOWN : connected };
}

/**
 * `ClientRequest` keeps its host but not its port. Node writes it into the `Host` header unless it is the
 * scheme's own; an application that sets another `Host` leaves it unknown.
 */
function portOf(request: Request, hostHeader: HeaderValue): number | undefined {
  if (typeof hostHeader !== 'string') return undefined;
  const { host, port } = parseHostHeader(hostHeader);
  if (host === undefined || host !== canonicalHost(request.host)) return undefined;
  return port ?? (request.protocol === 'https:' ? 443 : 80);
}
