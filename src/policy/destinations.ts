import { BoundedMap } from '../bounded-map.ts';
import type { Config } from '../config.ts';
import { type Finding, lower, type Why } from './finding.ts';
import { canonicalHost } from './hosts.ts';
import type { LangSmithAPI } from './langsmith-api.ts';
import { type Endpoint, exceptionOf, matches, type Patterns, textOf } from './patterns.ts';

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
    const { grant } = this.find(destination, target);
    if (destination === undefined || !this.dependsOnPath(destination)) this.cache.set(key, grant);
    return grant;
  }

  /** Makes the decision and tells why. `decide` caches its result. */
  find(destination: Destination | undefined, target = '/'): Finding {
    if (destination === undefined) return nothing('unknown', '');
    let found = this.findOne(destination, target);
    for (const claimed of destination.claimed ?? []) found = lower(found, this.findOne(claimed, target));
    if (destination.via !== undefined) found = this.findThrough(destination.via, found, target);
    for (const named of destination.named ?? []) found = this.findNamed(named, found, target);
    return found;
  }

  /** Forgets all decisions, because an address of LangSmith's API was learned. */
  forget(): void {
    this.cache.clear();
  }

  private findOne(destination: Destination, target: string): Finding {
    const endpoint = endpointOf(destination);
    if (endpoint === undefined) return nothing('unknown', destination.host);
    const { propagateTo } = this.config;
    if (!destination.local && this.isLangSmith(endpoint, target)) return nothing('langSmith', endpoint.host);
    const excepted = exceptedBy(propagateTo, endpoint);
    if (excepted !== undefined) return nothing('excepted', endpoint.host, excepted);
    if (!matches(propagateTo, endpoint)) return nothing('notIncluded', endpoint.host, propagateTo.source);
    const all = { grant: GRANT.everything, why: 'granted', host: endpoint.host, by: undefined } as const;
    return lower(all, this.findMetadata(destination));
  }

  /** A proxy need not be included in the list that gets the trace, but it must not be excepted from it. */
  private findThrough(via: Destination, found: Finding, target: string): Finding {
    return lower(lower(found, this.findExcepted(via, target)), this.findMetadata(via));
  }

  /** A name that cannot be parsed may be one that is excepted. */
  private findNamed(named: Destination, found: Finding, target: string): Finding {
    const lowest = lower(found, this.findExcepted(named, target));
    const endpoint = endpointOf(named) ?? UNKNOWN;
    const excepted = exceptedBy(this.config.shareMetadataWith, endpoint);
    return excepted === undefined ? lowest : lower(lowest, external(endpoint.host, excepted));
  }

  private findExcepted(destination: Destination, target: string): Finding {
    const endpoint = endpointOf(destination) ?? UNKNOWN;
    if (this.isLangSmith(endpoint, target)) return nothing('langSmith', endpoint.host);
    const excepted = exceptedBy(this.config.propagateTo, endpoint);
    if (excepted !== undefined) return nothing('excepted', endpoint.host, excepted);
    return { grant: GRANT.everything, why: 'granted', host: endpoint.host, by: undefined };
  }

  private findMetadata(destination: Destination): Finding {
    const endpoint = endpointOf(destination) ?? UNKNOWN;
    const { shareMetadataWith: list } = this.config;
    if (!matches(list, endpoint)) return external(endpoint.host, exceptedBy(list, endpoint) ?? list.source);
    return { grant: GRANT.everything, why: 'granted', host: endpoint.host, by: undefined };
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
}

function nothing(why: Why, host: string, by?: string): Finding {
  return { grant: GRANT.nothing, why, host, by };
}

function external(host: string, by: string): Finding {
  return { grant: GRANT.trace, why: 'external', host, by };
}

function exceptedBy(patterns: Patterns, endpoint: Endpoint): string | undefined {
  const pattern = exceptionOf(patterns, endpoint);
  return pattern && `!${textOf(pattern)}`;
}

function endpointOf({ host, port, local }: Destination): Endpoint | undefined {
  const canonical = local ? '' : canonicalHost(host);
  return canonical === undefined ? undefined : { host: canonical, port, local };
}
