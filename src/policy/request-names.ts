/**
 * Determines the destination of a request from every name that it gives: the host that it connects to, its `Host`
 * header, and the request target if that is a whole URL. The names are compared as canonical hosts, so different
 * spellings of a host are equal.
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
 * @param hosts the `Host` headers; `undefined` if there are none
 * @returns `undefined` if the destination cannot be determined
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
 * The destination of a request that goes through a proxy. The proxy's agent (Node's own from 24 on, http-proxy-agent)
 * puts the target into the path and connects to the proxy, but leaves the target as the host of the request.
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
 * The destination of a request to an IP address that names a host. The client has looked the name up itself (undici's
 * `dns` interceptor) or goes through a sidecar. The request goes to the host by way of the address. A host without a
 * port is assumed to have the port of the address, and exceptions for other ports of that host apply too.
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

/** A `Host` header without a port says nothing about the port. */
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

/** The canonical host and the port of a `Host` header; each is `undefined` if it is absent or invalid. */
export function parseHostHeader(header: string): { host: string | undefined; port: number | undefined } {
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d{0,5}))?$/.exec(header.trim());
  return { host: canonicalHost(match?.[1] ?? ''), port: match?.[2] ? Number(match[2]) : undefined };
}

/**
 * Whether a request target names its host itself, as in a request to a proxy (RFC 9112, 3.2.2), or may be parsed that
 * way. This is every target that does not start as a path or a query.
 */
export function isAbsolute(target: string): boolean {
  const first = target.charCodeAt(0);
  return first !== SLASH && first !== QUESTION_MARK && target !== '*' && target !== '';
}

/** The origin of a URL; `undefined` if it is not a URL or has no origin. */
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
