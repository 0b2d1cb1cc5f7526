import { BoundedMap } from '../bounded-map.ts';
import { builtin } from '../builtins.ts';
import type { Config } from '../config.ts';
import { log } from '../log.ts';
import { canonicalHost } from './hosts.ts';
import type { LangSmithAPI } from './langsmith-api.ts';
import { type Endpoint, isExcepted, matches } from './patterns.ts';

/** Where an outgoing request goes, as its client names it. */
export interface Destination {
  readonly host: string;
  /** `undefined` where the client does not tell. */
  readonly port: number | undefined;
  /** A unix socket: on this machine, whatever host the request names. */
  readonly local: boolean;
  /** The proxy, or the address, that the request is handed to, where it is another: it reads the headers too. */
  readonly via: Destination | undefined;
  /**
   * Whom the request says that it is for, where that is another than who is connected to, and who of the two reads
   * it cannot be told: both must be allowed what it gets.
   */
  readonly claimed?: Destination | undefined;
  /** The host that a request over a unix socket names: a proxy may listen there, so what excepts that host holds. */
  readonly named?: string | undefined;
}

/** A proxy that cannot be told: it gets what everybody may get. */
export const UNKNOWN: Destination = { host: '', port: undefined, local: false, via: undefined };

/** What a destination gets. */
export const GRANT = { nothing: 0, trace: 1, everything: 2 } as const;
export type Grant = (typeof GRANT)[keyof typeof GRANT];

const NAMES: Record<Grant, string> = { 0: 'nothing', 1: 'the trace and its project', 2: 'everything' };

/** Destinations whose decision is remembered; a crawler names more, and then they are decided anew. */
const CACHE_SIZE = 1000;

/** Decides what a destination gets, and remembers it by the key under which the client knows it. */
export class DestinationPolicy {
  private readonly config: Config;
  private readonly langSmithAPI: LangSmithAPI;
  private readonly cache: BoundedMap<string, Grant>;

  constructor(config: Config, langSmithAPI: LangSmithAPI) {
    this.config = config;
    this.langSmithAPI = langSmithAPI;
    this.cache = new BoundedMap(CACHE_SIZE);
  }

  cached(key: string): Grant | undefined {
    return this.cache.get(key);
  }

  decide(key: string, destination: Destination | undefined): Grant {
    let grant: Grant = destination === undefined ? GRANT.nothing : this.grant(destination);
    if (destination?.claimed !== undefined) grant = lower(grant, this.grant(destination.claimed));
    if (destination?.via !== undefined) grant = this.grantThrough(destination.via, grant);
    if (destination?.named !== undefined) grant = this.grantNamed(destination.named, grant);
    this.cache.set(key, grant);
    log('debug', `${key} gets ${NAMES[grant]}`);
    return grant;
  }

  /** Forgets all decisions: an address of LangSmith's API has been learned. */
  forget(): void {
    this.cache.clear();
  }

  private grant(destination: Destination): Grant {
    const endpoint = endpointOf(destination);
    if (endpoint === undefined) return GRANT.nothing;
    if (!destination.local && this.langSmithAPI.includes(endpoint.host, endpoint.port)) return GRANT.nothing;
    if (!matches(this.config.propagateTo, endpoint)) return GRANT.nothing;
    return this.sharesMetadata(destination) ? GRANT.everything : GRANT.trace;
  }

  /** A proxy need not be on the list of those that get the trace, but must not be excepted from it. */
  private grantThrough(via: Destination, grant: Grant): Grant {
    const endpoint = endpointOf(via) ?? UNKNOWN;
    if (this.langSmithAPI.includes(endpoint.host, endpoint.port)) return GRANT.nothing;
    if (isExcepted(this.config.propagateTo, endpoint)) return GRANT.nothing;
    return grant === GRANT.everything && !this.sharesMetadata(via) ? GRANT.trace : grant;
  }

  /** Over a unix socket: what excepts the host that is named there holds, what includes it need not. */
  private grantNamed(named: string, grant: Grant): Grant {
    const endpoint = endpointOf({ ...UNKNOWN, host: named });
    if (endpoint === undefined) return grant;
    if (this.langSmithAPI.includes(endpoint.host, endpoint.port)) return GRANT.nothing;
    if (isExcepted(this.config.propagateTo, endpoint)) return GRANT.nothing;
    return isExcepted(this.config.shareMetadataWith, endpoint) ? lower(grant, GRANT.trace) : grant;
  }

  private sharesMetadata(destination: Destination): boolean {
    const endpoint = endpointOf(destination) ?? UNKNOWN;
    return matches(this.config.shareMetadataWith, endpoint);
  }
}

function lower(one: Grant, other: Grant): Grant {
  return one < other ? one : other;
}

/** Whether a request target names its host itself, as a proxy is asked (RFC 9112, 3.2.2). */
export function isAbsolute(target: string): boolean {
  return target.charCodeAt(0) !== 0x2f && /^https?:\/\//i.test(target);
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
  const defaultPort = protocol === 'https:' || protocol === 'wss:' ? 443 : 80;
  return { host: hostname, port: port === '' ? defaultPort : Number(port), local: false, via: undefined };
}

/**
 * A request to an address that names its host in `Host`, as one whose client looks names up itself (undici's `dns`
 * interceptor) or that goes through a sidecar: the host gets it, by way of the address.
 */
export function hostBehind(address: Destination, hostHeader: unknown): Destination {
  if (typeof hostHeader !== 'string' || !isAddress(address.host)) return address;
  const { host, port = address.port } = parseHostHeader(hostHeader);
  if (host !== undefined && host === canonicalHost(address.host)) return address;
  return { host: host ?? '', port, local: false, via: address };
}

/** The canonical host and the port of a `Host` header; `undefined` for what it does not say. */
export function parseHostHeader(header: string): { host: string | undefined; port: number | undefined } {
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(header);
  return {
    host: canonicalHost(match?.[1] ?? ''),
    port: match?.[2] === undefined ? undefined : Number(match[2]),
  };
}

function isAddress(host: string): boolean {
  const { isIP } = builtin<typeof import('node:net')>('net');
  return isIP(canonicalHost(host) ?? '') !== 0;
}

function endpointOf({ host, port, local }: Destination): Endpoint | undefined {
  const canonical = local ? '' : canonicalHost(host);
  return canonical === undefined ? undefined : { host: canonical, port, local };
}
