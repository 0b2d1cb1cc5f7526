/** Reads and writes the headers of an outgoing HTTP/2 request, on a copy of the application's headers. */
import { builtin } from '../../builtins.ts';
import { BAGGAGE_HEADER, isNamed, TRACE_HEADER } from '../../headers/names.ts';
import { LINE_OVERHEAD } from '../../headers/trace-headers.ts';
import {
  type HeaderValue,
  MAX_REQUEST_BYTES,
  MAX_REQUEST_HEADERS,
  type OutgoingCarrier,
} from '../../outgoing-carrier.ts';
import { type Destination, UNKNOWN } from '../../policy/destinations.ts';
import { canonicalHost } from '../../policy/hosts.ts';
import { asHeaderValue, removeFromList } from '../header-list.ts';
import { maxBlockOf } from './connect.ts';
import { type ClientSession, factsOf, peerOf } from './session.ts';

export interface HTTP2Request {
  readonly session: ClientSession;
  /** An object, or (from Node 22 on) a flat array, in which a header may occur several times. */
  headers: Record<string, unknown> | unknown[];
  isWritten: boolean;
  /** The application's own values for our two headers. */
  readonly own: Readonly<Record<string, unknown>>;
}

/** The size that RFC 9113 (6.5.2) adds for each header besides its name and value. */
const LIST_OVERHEAD = 32;
/**
 * The sizes that nghttp2 adds for each header besides its name and value, and for the block
 * (`nghttp2_hd_deflate_bound`).
 */
const FIELD_OVERHEAD = 12;
const BLOCK_OVERHEAD = 17;
/** The size of the pseudo headers that Node adds if they are absent, except the path. */
const REQUEST_OVERHEAD = 256;
const PSEUDO_HEADERS = 4;
/** The number of our headers. */
const ADDED = 2;

/** @returns `undefined` for headers that Node rejects with its own error */
export function copyOf(session: ClientSession, given: unknown): HTTP2Request | undefined {
  if (given !== undefined && (typeof given !== 'object' || given === null)) return undefined;
  if (Array.isArray(given) && given.length % 2 === 1) return undefined;
  // `Object.assign` also copies the names of sensitive headers, which both kinds keep under a symbol.
  const headers = Object.assign(Array.isArray(given) ? [] : Object.create(null), given);
  return { session, headers, isWritten: false, own: ownHeaders(headers) };
}

const shared = {
  /** All values that the decision depends on. None of them can contain a line break. */
  destinationKey({ session, headers }: HTTP2Request) {
    const { authority, isLocal, isClear } = factsOf(session);
    const kind = isLocal ? 'unix' : isClear ? `clear ${peerOf(session) ?? ''}` : 'tls';
    return `h2 ${kind}\n${authority ?? ''}\n${claimedBy(headers).join('\n')}`;
  },
  destination({ session, headers }: HTTP2Request) {
    const { authority, isLocal, isClear } = factsOf(session);
    const claimed = claimedBy(headers);
    if (isLocal) {
      const names = claimed.length === 0 && authority !== undefined ? [authority] : claimed;
      return { host: '', port: undefined, local: true, via: undefined, named: names.map(nameOf) };
    }
    const wanted = destination(authority, claimed);
    return isClear && wanted !== undefined ? reached(wanted, peerOf(session)) : wanted;
  },
  method: ({ headers }: HTTP2Request) => String(headerOf(headers, ':method') ?? 'GET'),
  target: ({ headers }: HTTP2Request) => String(headerOf(headers, ':path') ?? '/'),
  header: ({ headers }: HTTP2Request, name: string) => headerOf(headers, name),
  size({ session, headers }: HTTP2Request) {
    let count = PSEUDO_HEADERS;
    let length = REQUEST_OVERHEAD;
    forEach(headers, (name, value) => {
      const values = Array.isArray(value) ? value : [value];
      count += values.length;
      for (const one of values) length += name.length + textOf(one).length;
    });
    if (count + ADDED > MAX_REQUEST_HEADERS) return Number.POSITIVE_INFINITY;
    // A server with a lower limit announces it once it has connected.
    const list = Math.min(session.remoteSettings?.maxHeaderListSize ?? MAX_REQUEST_BYTES, MAX_REQUEST_BYTES);
    const listRoom = list - length - (count + ADDED) * LIST_OVERHEAD;
    const block = maxBlockOf(session) ?? Number.POSITIVE_INFINITY;
    const blockRoom = block - length - (count + ADDED) * FIELD_OVERHEAD - BLOCK_OVERHEAD;
    return MAX_REQUEST_BYTES - ADDED * LINE_OVERHEAD - Math.min(listRoom, blockRoom);
  },
};

/**
 * Whether the method is CONNECT, including for other protocols such as WebSockets (RFC 8441). Such a request gets none
 * of our headers.
 */
export function isConnect({ headers }: HTTP2Request): boolean {
  return headerOf(headers, ':method') === 'CONNECT';
}

export const objectCarrier: OutgoingCarrier<HTTP2Request> = {
  ...shared,
  seam: 'http2 client',
  write(request, trace, baggage) {
    const headers = request.headers as Record<string, unknown>;
    for (const name of Object.keys(headers)) {
      const isReplaced =
        (trace !== undefined && isNamed(name, TRACE_HEADER)) ||
        (baggage !== undefined && isNamed(name, BAGGAGE_HEADER));
      if (isReplaced) delete headers[name];
    }
    if (trace) headers[TRACE_HEADER] = trace;
    if (baggage) headers[BAGGAGE_HEADER] = baggage;
    request.isWritten = true;
  },
};

export const arrayCarrier: OutgoingCarrier<HTTP2Request> = {
  ...shared,
  seam: 'http2 client, array of headers',
  write(request, trace, baggage) {
    const headers = request.headers as unknown[];
    if (trace !== undefined) removeFromList(headers, TRACE_HEADER);
    if (baggage !== undefined) removeFromList(headers, BAGGAGE_HEADER);
    if (trace) headers.push(TRACE_HEADER, trace);
    if (baggage) headers.push(BAGGAGE_HEADER, baggage);
    request.isWritten = true;
  },
};

/**
 * Makes `stream.sentHeaders`, which the application can read, equal to the application's own headers after they were
 * sent.
 */
export function showOwnHeaders({ own }: HTTP2Request, stream: { readonly sentHeaders?: object }): void {
  const sent = stream.sentHeaders as Record<string, unknown> | undefined;
  if (sent === undefined) return;
  for (const name of Object.keys(sent)) if (isOurs(name)) delete sent[name];
  Object.assign(sent, own);
}

function isOurs(name: string): boolean {
  return isNamed(name, TRACE_HEADER) || isNamed(name, BAGGAGE_HEADER);
}

function ownHeaders(headers: HTTP2Request['headers']): Record<string, unknown> {
  const own: Record<string, unknown> = {};
  forEach(headers, (name, value) => {
    if (isOurs(name)) own[name] = name in own ? [own[name], value].flat() : value;
  });
  return own;
}

/** An object that cannot be converted to text counts as empty here, and Node rejects it with its own error. */
function textOf(value: unknown): string {
  return typeof value === 'object' ? '' : String(value);
}

/** Skips headers whose value is `undefined`, because Node does not send them (`internal/http2/util.js`). */
function forEach(headers: HTTP2Request['headers'], visit: (name: string, value: unknown) => void): void {
  if (!Array.isArray(headers)) {
    // The object is a copy without a prototype, so `for in` finds own properties only.
    for (const name in headers) if (headers[name] !== undefined) visit(name, headers[name]);
    return;
  }
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (headers[i + 1] !== undefined) visit(String(headers[i]), headers[i + 1]);
  }
}

function headerOf(headers: HTTP2Request['headers'], wanted: string): HeaderValue {
  const values: string[] = [];
  forEach(headers, (name, value) => {
    if (!isNamed(name, wanted)) return;
    if (Array.isArray(value)) values.push(...value.map(String));
    else values.push(String(value));
  });
  return asHeaderValue(values);
}

/**
 * The hosts that the request names. By RFC 9113 (8.3.1) `:authority` names the host, and `host` does if it is absent. A
 * server may read either.
 */
function claimedBy(headers: HTTP2Request['headers']): readonly string[] {
  return [headerOf(headers, ':authority'), headerOf(headers, 'host')].flatMap((claimed) => claimed ?? []);
}

/**
 * Compares the authority of the request with that of the session. A request for another authority goes to a proxy, or
 * to a server with several names, or it just forwards the `:authority` of a caller. These cases cannot be
 * distinguished.
 */
function destination(authority: string | undefined, claims: readonly string[]): Destination | undefined {
  const connected = authority === undefined ? undefined : parse(authority);
  if (connected === undefined) return undefined;
  const claimed = claims.map(nameOf).filter(({ host, port }) => {
    const isSame = canonicalHost(host) === canonicalHost(connected.host) && canonicalHost(host) !== undefined;
    return !isSame || (port ?? connected.port) !== connected.port;
  });
  return claimed.length === 0 ? connected : { ...connected, claimed };
}

/** A name that cannot be parsed may be any host. */
function nameOf(authority: string): Destination {
  return parse(authority) ?? UNKNOWN;
}

/**
 * Adds the peer of a clear-text session as an intermediate destination. In clear text, nothing has verified that the
 * peer is the authority, because `connect` may have been given another host.
 */
function reached(wanted: Destination, peer: string | undefined): Destination {
  const host = canonicalHost(wanted.host);
  if (peer !== undefined && canonicalHost(peer) === host) return wanted;
  // An address is not looked up, so the peer of such a session is not known until it has connected.
  const { isIP } = builtin<typeof import('node:net')>('net');
  if (peer === undefined && isIP(host ?? '') !== 0) return wanted;
  return { ...wanted, via: { ...UNKNOWN, host: peer ?? '', port: wanted.port } };
}

/**
 * Parses an authority, which may contain userinfo. In the session's own authority, IPv6 has no brackets, as in
 * `::1:8080`.
 */
function parse(authority: string): Destination | undefined {
  const match = /^(?:[^@]*@)?(\[[^\]]+\]|.+?)(?::(\d+))?$/.exec(authority);
  if (match?.[1] === undefined) return undefined;
  const host = match[1].replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const port = match[2] === undefined ? undefined : Number(match[2]);
  return { host, port, local: false, via: undefined };
}
