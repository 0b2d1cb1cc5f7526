import type { RunTreeLike } from '../context/run-tree.ts';
import { canonicalHost } from './hosts.ts';

/** The domain of the SDK's default endpoint and of its regional variants. */
const HOSTED = '.smith.langchain.com';
const ENDPOINT_VARIABLES = ['LANGSMITH_ENDPOINT', 'LANGCHAIN_ENDPOINT'];
const REPLICA_VARIABLES = ['LANGSMITH_RUNS_ENDPOINTS', 'LANGCHAIN_RUNS_ENDPOINTS'];

/**
 * Recognizes LangSmith's own API at any address that the process gives its clients: by the environment, by
 * `Client({apiUrl})`, by a configuration profile (which sets `client.apiUrl`), or by replicas. The SDK flushes its
 * batches inside the context of a run, so without this its own traffic would carry the headers of that run.
 */
export interface LangSmithAPI {
  /** Learns the API addresses of a run's client and replicas. */
  observe(run: RunTreeLike): void;
  /**
   * Whether a request goes to LangSmith. If the port is unknown, as with a `Host` header of the application, the
   * request counts as one for another service on the same machine, because the SDK sets no `Host`.
   *
   * @param path the path of the request. If an API address has a path, other services may share its host and port
   */
  includes(host: string, port: number | undefined, path: string): boolean;
  /** Whether the result of `includes` depends on the path. */
  isShared(host: string, port: number | undefined): boolean;
}

/** @param onChange called when a new address is learned */
export function createLangSmithAPI(env: NodeJS.ProcessEnv, onChange: () => void): LangSmithAPI {
  /** The paths of the API by `host:port`. `''` means that the API is alone at this host and port. */
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

  /**
   * Read again at each decision, because `dotenv` and similar libraries set variables after the preload. Decisions are
   * cached.
   */
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
    // The SDK removes quotes (`client.js`, `trimQuotes`), which `.env` files leave on values.
    const { hostname, port, protocol, pathname } = new URL(url.trim().replace(/^(["'])(.*)\1$/, '$2'));
    const host = canonicalHost(hostname);
    if (host === undefined) return undefined;
    const number = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
    return { origin: `${host}:${number}`, path: pathname.replace(/\/+$/, '') };
  } catch {
    // Not a valid URL, so the SDK cannot use it either.
    return undefined;
  }
}

/**
 * Parses an array of `{api_url}`, or an object from URL to key (langsmith `run_trees.js`, `_getWriteReplicasFromEnv`).
 */
function parseReplicas(value: string | undefined): unknown[] {
  if (value === undefined || value === '') return [];
  try {
    const replicas: unknown = JSON.parse(value);
    if (Array.isArray(replicas)) return replicas.map((replica) => replica?.api_url);
    return typeof replicas === 'object' && replicas !== null ? Object.keys(replicas) : [];
  } catch {
    // The SDK warns about invalid JSON.
    return [];
  }
}
