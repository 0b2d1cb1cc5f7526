import { BoundedMap } from '../bounded-map.ts';
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
   * Whom else the request says that it is for. Which of them reads it cannot be told, so all must be allowed what it
   * gets.
   */
  readonly claimed?: readonly Destination[] | undefined;
  /** Further names whose exceptions hold, but which need not be included. */
  readonly named?: readonly Destination[] | undefined;
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

  /** @param target the request target, for a host that LangSmith's API shares with others */
  decide(key: string, destination: Destination | undefined, target = '/'): Grant {
    let grant: Grant = destination === undefined ? GRANT.nothing : this.grant(destination, target);
    for (const claimed of destination?.claimed ?? []) grant = lower(grant, this.grant(claimed, target));
    if (destination?.via !== undefined) grant = this.grantThrough(destination.via, grant, target);
    for (const named of destination?.named ?? []) grant = this.grantNamed(named, grant, target);
    if (destination === undefined || !this.dependsOnPath(destination)) this.cache.set(key, grant);
    log('debug', `${key.replaceAll('\n', ' ')} gets ${NAMES[grant]}`);
    return grant;
  }

  /** Forgets all decisions: an address of LangSmith's API has been learned. */
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

  /** A proxy need not be on the list of those that get the trace, but must not be excepted from it. */
  private grantThrough(via: Destination, grant: Grant, target: string): Grant {
    const endpoint = endpointOf(via) ?? UNKNOWN;
    if (this.isLangSmith(endpoint, target)) return GRANT.nothing;
    if (isExcepted(this.config.propagateTo, endpoint)) return GRANT.nothing;
    return grant === GRANT.everything && !this.sharesMetadata(via) ? GRANT.trace : grant;
  }

  /** A name that cannot be read may be the one that is excepted. */
  private grantNamed(named: Destination, grant: Grant, target: string): Grant {
    const endpoint = endpointOf(named) ?? UNKNOWN;
    if (this.isLangSmith(endpoint, target)) return GRANT.nothing;
    if (isExcepted(this.config.propagateTo, endpoint)) return GRANT.nothing;
    return isExcepted(this.config.shareMetadataWith, endpoint) ? lower(grant, GRANT.trace) : grant;
  }

  private isLangSmith({ host, port }: Endpoint, target: string): boolean {
    return this.langSmithAPI.includes(host, port, target);
  }

  /** Then each request is decided by itself. */
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
