import type { RunTreeLike } from '../context/run-tree.ts';
import { canonicalHost } from './hosts.ts';

/** Where the SDK sends runs to when nothing else is said, and its regional twins. */
const HOSTED = '.smith.langchain.com';
const ENDPOINT_VARIABLES = ['LANGSMITH_ENDPOINT', 'LANGCHAIN_ENDPOINT'];
const REPLICA_VARIABLES = ['LANGSMITH_RUNS_ENDPOINTS', 'LANGCHAIN_RUNS_ENDPOINTS'];

/**
 * LangSmith's own API, wherever the process points its clients: by environment, by `Client({apiUrl})`, by a
 * configuration profile (which ends up in `client.apiUrl`), by replicas. The SDK flushes its batches inside the
 * context of a run, so without this its traffic would carry that run's headers.
 */
export interface LangSmithAPI {
  /** Learns the API addresses of a run's client and replicas. */
  observe(run: RunTreeLike): void;
  /**
   * Whether a request goes to LangSmith. A port that is not known, as with a `Host` of the application's own, is taken
   * for another service on the same machine: the SDK sets no `Host`.
   *
   * @param path the request's: where an address has one, other services may be behind the same host and port
   */
  includes(host: string, port: number | undefined, path: string): boolean;
  /** Whether it depends on the path. */
  isShared(host: string, port: number | undefined): boolean;
}

/** @param onChange called when an address is learned that was not known */
export function createLangSmithAPI(env: NodeJS.ProcessEnv, onChange: () => void): LangSmithAPI {
  /** By `host:port`: the paths below which it is; `''` where it has host and port to itself. */
  const addresses = new Map<string, Set<string>>();
  const seenClients = new WeakSet<object>();

  function learn(url: unknown): void {
    const address = typeof url === 'string' ? parseAddress(url) : undefined;
    if (address === undefined) return;
    const paths = addresses.get(address.origin) ?? new Set();
    if (paths.has('') || paths.has(address.path)) return;
    addresses.set(address.origin, paths.add(address.path));
    onChange();
  }

  /** At each decision anew: `dotenv` and its like set variables after the preload. Decisions are cached. */
  function learnFromEnvironment(): void {
    for (const name of ENDPOINT_VARIABLES) learn(env[name]);
    for (const name of REPLICA_VARIABLES) for (const url of parseReplicas(env[name])) learn(url);
  }

  return {
    observe(run) {
      const { client, replicas } = run;
      if (typeof client === 'object' && client !== null && !seenClients.has(client)) {
        seenClients.add(client);
        learn((client as { apiUrl?: unknown }).apiUrl);
      }
      if (Array.isArray(replicas)) {
        for (const replica of replicas) learn((replica as { apiUrl?: unknown } | null)?.apiUrl);
      }
    },
    includes(host, port, path) {
      if (host.endsWith(HOSTED)) return true;
      learnFromEnvironment();
      const paths = addresses.get(`${host}:${port}`);
      return paths !== undefined && (paths.has('') || [...paths].some((prefix) => isBelow(path, prefix)));
    },
    isShared(host, port) {
      const paths = addresses.get(`${host}:${port}`);
      return paths !== undefined && !paths.has('');
    },
  };
}

/** @param target a request target: a path with its query, or a whole URL */
function isBelow(target: string, prefix: string): boolean {
  try {
    const { pathname } = new URL(target.startsWith('/') ? `http://host${target}` : target);
    return pathname === prefix || pathname.startsWith(`${prefix}/`);
  } catch {
    return false;
  }
}

function parseAddress(url: string): { origin: string; path: string } | undefined {
  try {
    // The SDK takes quotes off (`client.js`, `trimQuotes`): `.env` files leave them on.
    const { hostname, port, protocol, pathname } = new URL(url.trim().replace(/^(["'])(.*)\1$/, '$2'));
    const host = canonicalHost(hostname);
    if (host === undefined) return undefined;
    const number = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
    return { origin: `${host}:${number}`, path: pathname.replace(/\/+$/, '') };
  } catch {
    // Not a URL: the SDK cannot use it either.
    return undefined;
  }
}

/** An array of `{api_url}`, or an object of url to key (langsmith `run_trees.js`, `_getWriteReplicasFromEnv`). */
function parseReplicas(value: string | undefined): unknown[] {
  if (value === undefined || value === '') return [];
  try {
    const replicas: unknown = JSON.parse(value);
    if (Array.isArray(replicas)) return replicas.map((replica) => replica?.api_url);
    return typeof replicas === 'object' && replicas !== null ? Object.keys(replicas) : [];
  } catch {
    // The SDK warns of it.
    return [];
  }
}
