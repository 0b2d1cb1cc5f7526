/** How the headers of an outgoing HTTP/2 request are read and written: on a copy of what the application gave. */
import { builtin } from '../../builtins.ts';
import { BAGGAGE_HEADER, isNamed, TRACE_HEADER } from '../../headers/names.ts';
import { type Destination, UNKNOWN } from '../../policy/destinations.ts';
import { canonicalHost } from '../../policy/hosts.ts';
import { type HeaderValue, MAX_REQUEST_BYTES, type OutgoingCarrier } from '../../propagator.ts';
import { asHeaderValue, removeFromList } from '../header-list.ts';
import { type ClientSession, factsOf, peerOf } from './session.ts';

export interface HTTP2Request {
  readonly session: ClientSession;
  /** An object, or (from Node 22 on) a flat array, in which a header may be given several times. */
  headers: Record<string, unknown> | unknown[];
  isWritten: boolean;
}

/** What RFC 9113 (6.5.2) counts for each header besides its name and value. */
const HEADER_OVERHEAD = 32;
/** The pseudo headers that Node adds where they are not given, but for the path. */
const REQUEST_OVERHEAD = 256;

/** @returns `undefined` for what gets no headers of ours: CONNECT, and headers that Node will refuse in its own words */
export function copyOf(session: ClientSession, given: unknown): HTTP2Request | undefined {
  if (given !== undefined && (typeof given !== 'object' || given === null)) return undefined;
  if (Array.isArray(given) && given.length % 2 === 1) return undefined;
  // `Object.assign` takes along the names of sensitive headers, which both kinds have under a symbol.
  const headers = Object.assign(Array.isArray(given) ? [] : Object.create(null), given);
  return headerOf(headers, ':method') === 'CONNECT' ? undefined : { session, headers, isWritten: false };
}

const shared = {
  destinationKey({ session, headers }: HTTP2Request) {
    const { authority, isLocal, isClear } = factsOf(session);
    const peer = isClear && !isLocal ? peerOf(session) : undefined;
    return `${isLocal ? 'unix' : 'h2'} ${authority ?? ''}|${peer ?? ''}|${claimedBy(headers) ?? ''}`;
  },
  destination({ session, headers }: HTTP2Request) {
    const { authority, isLocal, isClear } = factsOf(session);
    const claimed = claimedBy(headers);
    if (isLocal) {
      const named = parse(claimed ?? authority ?? '')?.host;
      return { host: '', port: undefined, local: true, via: undefined, named };
    }
    const wanted = destination(authority, claimed);
    return isClear && wanted !== undefined ? reached(wanted, peerOf(session)) : wanted;
  },
  target: ({ headers }: HTTP2Request) => String(headerOf(headers, ':path') ?? '/'),
  header: ({ headers }: HTTP2Request, name: string) => headerOf(headers, name),
  size({ session, headers }: HTTP2Request) {
    let size = REQUEST_OVERHEAD;
    forEach(headers, (name, value) => {
      const values = Array.isArray(value) ? value : [value];
      for (const one of values) size += name.length + textOf(one).length + HEADER_OVERHEAD;
    });
    // A server that takes less says so when it has connected.
    const limit = session.remoteSettings?.maxHeaderListSize ?? MAX_REQUEST_BYTES;
    return limit < MAX_REQUEST_BYTES ? size + MAX_REQUEST_BYTES - limit : size;
  },
};

export const objectCarrier: OutgoingCarrier<HTTP2Request> = {
  ...shared,
  seam: 'http2 client',
  write(request, trace, baggage) {
    const headers = request.headers as Record<string, unknown>;
    for (const name of Object.keys(headers)) {
      const isReplaced =
        isNamed(name, TRACE_HEADER) || (baggage !== undefined && isNamed(name, BAGGAGE_HEADER));
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
    removeFromList(headers, TRACE_HEADER);
    if (baggage !== undefined) removeFromList(headers, BAGGAGE_HEADER);
    if (trace) headers.push(TRACE_HEADER, trace);
    if (baggage) headers.push(BAGGAGE_HEADER, baggage);
    request.isWritten = true;
  },
};

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

/** RFC 9113 (8.3.1): `:authority`, or `host` where there is none. */
function claimedBy(headers: HTTP2Request['headers']): string | undefined {
  const claimed = headerOf(headers, ':authority') ?? headerOf(headers, 'host');
  return typeof claimed === 'object' ? claimed.join() : claimed;
}

/**
 * A request for another authority than the session was opened for goes to a proxy, or to a server with several
 * names; or a caller's `:authority` was just handed on. Which of the two it is cannot be seen.
 */
function destination(authority: string | undefined, claimed: string | undefined): Destination | undefined {
  const connected = authority === undefined ? undefined : parse(authority);
  if (connected === undefined || claimed === undefined) return connected;
  const other = parse(claimed);
  if (other === undefined) return undefined;
  const isSame = other.host === connected.host && (other.port ?? connected.port) === connected.port;
  return isSame ? connected : { ...connected, claimed: other };
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
