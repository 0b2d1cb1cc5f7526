import { BoundedMap } from '../bounded-map.ts';
import type { Config } from '../config.ts';
import { log } from '../log.ts';
import { canonicalHost } from './hosts.ts';
import type { LangSmithAPI } from './langsmith-api.ts';
import { type Endpoint, isExcepted, matches } from './patterns.ts';

/** The destination of an outgoing request, as its client names it. */
export interface Destination {
  readonly host: string;
  /** `undefined` if the client does not know it. */
  readonly port: number | undefined;
  /** Whether it is a unix socket. Then it is on this machine, whatever host the request names. */
  readonly local: boolean;
  /** The proxy or the address that the request is sent to, if it differs from the host. It can read the headers too. */
  readonly via: Destination | undefined;
  /** Other destinations that the request names. Any of them may read it, so all must be allowed to get its headers. */
  readonly claimed?: readonly Destination[] | undefined;
  /** Further names of the destination. Exceptions for them apply, but they need not be included. */
  readonly named?: readonly Destination[] | undefined;
}

/** An unknown proxy. It gets only what every destination may get. */
export const UNKNOWN: Destination = { host: '', port: undefined, local: false, via: undefined };

/** The headers that a destination gets. */
export const GRANT = { nothing: 0, trace: 1, everything: 2 } as const;
export type Grant = (typeof GRANT)[keyof typeof GRANT];

const NAMES: Record<Grant, string> = { 0: 'nothing', 1: 'the trace and its project', 2: 'everything' };

/** The number of decisions that are cached. A crawler has more destinations; then the decisions are made again. */
const CACHE_SIZE = 1000;

/** Decides what a destination gets, and caches the decision by the carrier's key. */
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

  /** @param target the request target, for a host that LangSmith's API shares with other services */
  decide(key: string, destination: Destination | undefined, target = '/'): Grant {
    let grant: Grant = destination === undefined ? GRANT.nothing : this.grant(destination, target);
    for (const claimed of destination?.claimed ?? []) grant = lower(grant, this.grant(claimed, target));
    if (destination?.via !== undefined) grant = this.grantThrough(destination.via, grant, target);
    for (const named of destination?.named ?? []) grant = this.grantNamed(named, grant, target);
    if (destination === undefined || !this.dependsOnPath(destination)) this.cache.set(key, grant);
    log('debug', `${key.replaceAll('\n', ' ')} gets ${NAMES[grant]}`);
    return grant;
  }

  /** Forgets all decisions, because an address of LangSmith's API was learned. */
  forget(): void {
    this.cache.clear();
  }

  private grant(destination: Destination, target: string): Grant {
    const endpoint = endpointOf(destination);
    if (endpoint === undefined) return GRANT.nothing;
    if (!destination.local && this.isLangSmith(endpoint, target)) return GRANT.nothing;
    if (!matches(this.config.propagateTo, endpoint)) return GRANT.nothing;
    return this.sharesMetadata(destination) ? GRANT.everything : GRANT.trace;
  }

  /** A proxy need not be included in the list that gets the trace, but it must not be excepted from it. */
  private grantThrough(via: Destination, grant: Grant, target: string): Grant {
    const endpoint = endpointOf(via) ?? UNKNOWN;
    if (this.isLangSmith(endpoint, target)) return GRANT.nothing;
    if (isExcepted(this.config.propagateTo, endpoint)) return GRANT.nothing;
    return grant === GRANT.everything && !this.sharesMetadata(via) ? GRANT.trace : grant;
  }

  /** A name that cannot be parsed may be one that is excepted. */
  private grantNamed(named: Destination, grant: Grant, target: string): Grant {
    const endpoint = endpointOf(named) ?? UNKNOWN;
    if (this.isLangSmith(endpoint, target)) return GRANT.nothing;
    if (isExcepted(this.config.propagateTo, endpoint)) return GRANT.nothing;
    return isExcepted(this.config.shareMetadataWith, endpoint) ? lower(grant, GRANT.trace) : grant;
  }

  private isLangSmith({ host, port }: Endpoint, target: string): boolean {
    return this.langSmithAPI.includes(host, port, target);
  }

  /** Whether the decision depends on the path. Then it is made for each request and not cached. */
  private dependsOnPath({ claimed = [], named = [], via, ...first }: Destination): boolean {
    return [first, via, ...claimed, ...named].some((one) => {
      const endpoint = one && endpointOf({ ...one, via: undefined });
      return endpoint !== undefined && this.langSmithAPI.isShared(endpoint.host, endpoint.port);
    });
  }

  private sharesMetadata(destination: Destination): boolean {
    const endpoint = endpointOf(destination) ?? UNKNOWN;
    return matches(this.config.shareMetadataWith, endpoint);
  }
}

function lower(one: Grant, other: Grant): Grant {
  return one < other ? one : other;
}

function endpointOf({ host, port, local }: Destination): Endpoint | undefined {
  const canonical = local ? '' : canonicalHost(host);
  return canonical === undefined ? undefined : { host: canonical, port, local };
}
