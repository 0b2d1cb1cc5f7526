import { BoundedMap } from '../bounded-map.ts';
import { canonicalHost } from './hosts.ts';
import { matches, type Patterns } from './patterns.ts';

/** The number of peers whose decision is cached. */
const CACHE_SIZE = 1000;

/** Decides which peers are trusted. The decision uses only the address of the socket, so no header can change it. */
export class PeerPolicy {
  private readonly trust: Patterns;
  private readonly cache: BoundedMap<string, boolean>;

  constructor(trust: Patterns) {
    this.trust = trust;
    this.cache = new BoundedMap(CACHE_SIZE);
  }

  /**
   * @param address the remote address of the socket; `undefined` for a unix socket or a closed connection
   * @param local whether the connection came over a unix socket
   */
  trusts(address: string | undefined, local: boolean): boolean {
    const key = address ?? (local ? 'local' : 'unknown');
    const known = this.cache.get(key);
    if (known !== undefined) return known;
    const host = address === undefined ? '' : (canonicalHost(address) ?? '');
    const trusted = matches(this.trust, { host, port: undefined, local });
    this.cache.set(key, trusted);
    return trusted;
  }
}
