/**
 * Where a request goes, by every name that it gives: the host that is connected to, its `Host` header, and the request
 * target where that is a whole URL. They are compared as hosts, so another way to write the same is the same.
 */
import { builtin } from '../builtins.ts';
import { type Destination, UNKNOWN } from './destinations.ts';
import { canonicalHost } from './hosts.ts';

const SLASH = 0x2f;
const QUESTION_MARK = 0x3f;
const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  'http:': 80,
  'ws:': 80,
  'https:': 443,
  'wss:': 443,
};

/**
 * @param connected the host that the client connects to, or the unix socket
 * @param target the request target
 * @param hosts the `Host` headers; `undefined` for none
 * @returns `undefined` where it cannot be told
 */
export function destinationOf(
  connected: Destination,
  target: string,
  hosts: string | readonly string[] | undefined,
): Destination | undefined {
  const claims = claimsOf(hosts);
  const isWhole = isAbsolute(target);
  const origin = isWhole ? originOf(target) : undefined;
  if (isWhole && origin === undefined) return undefined;
  const first = origin === undefined ? undefined : destinationOfURL(new URL(origin));
  if (first !== undefined) return throughProxy(first, connected, claims);
  if (connected.local) return { ...connected, named: claims };
  return isAddress(connected.host) ? behindAddress(connected, claims) : alsoKnownAs(connected, claims);
}

/**
 * The agent of a proxy (Node's own from 24 on, http-proxy-agent) puts the target into the path and connects elsewhere,
 * but leaves the target as the host of the request.
 */
function throughProxy(
  target: Destination,
  connected: Destination,
  claims: readonly Destination[],
): Destination {
  if (connected.local) return { ...target, via: connected, named: claims };
  const isHidden = canonicalHost(target.host) === canonicalHost(connected.host);
  const others = claims.filter((claim) => !isSame(claim, target) && !isSame(claim, connected));
  return { ...target, via: isHidden ? UNKNOWN : connected, ...(others.length > 0 && { claimed: others }) };
}

/**
 * A client that looks names up itself (undici's `dns` interceptor), or that goes through a sidecar: the host gets the
 * request, by way of the address. It has the address's port, for all that is known; what excepts another port of it holds.
 */
function behindAddress(address: Destination, claims: readonly Destination[]): Destination {
  const [host, ...others] = claims.filter((claim) => !isSame(claim, address));
  if (host === undefined) return address;
  const { claimed, named = [], ...via } = address;
  return {
    ...host,
    port: host.port ?? address.port,
    via: { ...via, via: undefined },
    ...(others.length > 0 && { claimed: others }),
    named: host.port === undefined ? [host, ...named] : named,
  };
}

function alsoKnownAs(connected: Destination, claims: readonly Destination[]): Destination {
  const claimed = claims.filter((claim) => !isSame(claim, connected));
  return claimed.length === 0 ? connected : { ...connected, claimed };
}

/** A `Host` without a port says nothing about the port. */
function isSame(claim: Destination, destination: Destination): boolean {
  const host = canonicalHost(claim.host);
  if (host === undefined || host !== canonicalHost(destination.host)) return false;
  return claim.port === undefined || claim.port === destination.port;
}

function claimsOf(hosts: string | readonly string[] | undefined): Destination[] {
  if (hosts === undefined) return [];
  return (typeof hosts === 'string' ? [hosts] : hosts).map((header) => {
    const { host = '', port } = parseHostHeader(header);
    return { host, port, local: false, via: undefined };
  });
}

/** The canonical host and the port of a `Host` header; `undefined` for what it does not say. */
export function parseHostHeader(header: string): { host: string | undefined; port: number | undefined } {
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d{0,5}))?$/.exec(header.trim());
  return { host: canonicalHost(match?.[1] ?? ''), port: match?.[2] ? Number(match[2]) : undefined };
}

/**
 * Whether a request target names its host itself, as a proxy is asked (RFC 9112, 3.2.2), or may be read so: whatever does
 * not start as a path or a query.
 */
export function isAbsolute(target: string): boolean {
  const first = target.charCodeAt(0);
  return first !== SLASH && first !== QUESTION_MARK && target !== '*' && target !== '';
}

/** The origin of a URL; `undefined` for what is none, or has none. */
export function originOf(url: string): string | undefined {
  try {
    const { origin } = new URL(url);
    return origin === 'null' ? undefined : origin;
  } catch {
    return undefined;
  }
}

export function destinationOfURL({ hostname, port, protocol }: URL): Destination {
  return {
    host: hostname,
    port: port === '' ? DEFAULT_PORTS[protocol] : Number(port),
    local: false,
    via: undefined,
  };
}

function isAddress(host: string): boolean {
  const { isIP } = builtin<typeof import('node:net')>('net');
  return isIP(canonicalHost(host) ?? '') !== 0;
}
