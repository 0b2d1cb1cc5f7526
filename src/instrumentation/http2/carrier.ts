/** How the headers of an outgoing HTTP/2 request are read and written: on a copy of what the application gave. */
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
  /** An object, or (from Node 22 on) a flat array, in which a header may be given several times. */
  headers: Record<string, unknown> | unknown[];
  isWritten: boolean;
  /** Those of our two that the application gave. */
  readonly own: Readonly<Record<string, unknown>>;
}

/** What RFC 9113 (6.5.2) counts for each header besides its name and value. */
const LIST_OVERHEAD = 32;
/** What nghttp2 reckons with for each header besides its name and value, and for the block (`nghttp2_hd_deflate_bound`). */
const FIELD_OVERHEAD = 12;
const BLOCK_OVERHEAD = 17;
/** The pseudo headers that Node adds where they are not given, but for the path. */
const REQUEST_OVERHEAD = 256;
const PSEUDO_HEADERS = 4;
/** Ours. */
const ADDED = 2;

/** @returns `undefined` for headers that Node will refuse in its own words */
export function copyOf(session: ClientSession, given: unknown): HTTP2Request | undefined {
  if (given !== undefined && (typeof given !== 'object' || given === null)) return undefined;
  if (Array.isArray(given) && given.length % 2 === 1) return undefined;
  // `Object.assign` takes along the names of sensitive headers, which both kinds have under a symbol.
  const headers = Object.assign(Array.isArray(given) ? [] : Object.create(null), given);
  return { session, headers, isWritten: false, own: ownHeaders(headers) };
}

const shared = {
  /** All that the decision is made of. No part of it can have a line break in it. */
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
    // A server that takes less says so when it has connected.
    const list = Math.min(session.remoteSettings?.maxHeaderListSize ?? MAX_REQUEST_BYTES, MAX_REQUEST_BYTES);
    const listRoom = list - length - (count + ADDED) * LIST_OVERHEAD;
    const block = maxBlockOf(session) ?? Number.POSITIVE_INFINITY;
    const blockRoom = block - length - (count + ADDED) * FIELD_OVERHEAD - BLOCK_OVERHEAD;
    return MAX_REQUEST_BYTES - ADDED * LINE_OVERHEAD - Math.min(listRoom, blockRoom);
  },
};

/** Also one for another protocol, such as WebSockets (RFC 8441): it gets no headers of ours. */
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

/** Has what the application reads back (`stream.sentHeaders`) be what it gave, once the headers are on their way. */
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

/** Node refuses an object that cannot be made a text, in its own words. */
function textOf(value: unknown): string {
  return typeof value === 'object' ? '' : String(value);
}

/** What is given as `undefined` is not sent (`internal/http2/util.js`). */
function forEach(headers: HTTP2Request['headers'], visit: (name: string, value: unknown) => void): void {
  if (!Array.isArray(headers)) {
    // A copy, and without a prototype.
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

/** RFC 9113 (8.3.1): `:authority` names the host, and `host` where there is none; a server may read either. */
function claimedBy(headers: HTTP2Request['headers']): readonly string[] {
  return [headerOf(headers, ':authority'), headerOf(headers, 'host')].flatMap((claimed) => claimed ?? []);
}

/**
 * A request for another authority than the session was opened for goes to a proxy, or to a server with several
 * names; or a caller's `:authority` was just handed on. Which of the two it is cannot be seen.
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

/** A name that cannot be read may be anybody's. */
function nameOf(authority: string): Destination {
  return parse(authority) ?? UNKNOWN;
}

/** In clear text nobody has checked that the other side is the authority: `connect` may have been told another host. */
function reached(wanted: Destination, peer: string | undefined): Destination {
  const host = canonicalHost(wanted.host);
  if (peer !== undefined && canonicalHost(peer) === host) return wanted;
  // An address is not looked up, so nothing is known of it until it has been reached.
  const { isIP } = builtin<typeof import('node:net')>('net');
  if (peer === undefined && isIP(host ?? '') !== 0) return wanted;
  return { ...wanted, via: { ...UNKNOWN, host: peer ?? '', port: wanted.port } };
}

/** An authority may have userinfo; the session's own has IPv6 without brackets, as in `::1:8080`. */
function parse(authority: string): Destination | undefined {
  const match = /^(?:[^@]*@)?(\[[^\]]+\]|.+?)(?::(\d+))?$/.exec(authority);
  if (match?.[1] === undefined) return undefined;
  const host = match[1].replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const port = match[2] === undefined ? undefined : Number(match[2]);
  return { host, port, local: false, via: undefined };
}
