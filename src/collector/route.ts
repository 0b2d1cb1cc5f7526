export type Route =
  | { readonly kind: 'info' | 'multipart' | 'batch' | 'create' }
  | { readonly kind: 'update'; readonly runId: string };

export interface Routed {
  readonly route: Route;
  /** The first path segment of LANGSMITH_ENDPOINT, which is the name of a service. */
  readonly service?: string;
}

const ROUTES = {
  'GET info': 'info',
  'POST runs/multipart': 'multipart',
  'POST runs/batch': 'batch',
  'POST runs': 'create',
} as const;

/**
 * Finds the endpoint by the end of the path, because the SDK appends `/runs/multipart` and the like to any
 * LANGSMITH_ENDPOINT.
 *
 * @returns `undefined` if the path is not an endpoint of the collector
 */
export function findRoute(method: string, url: string): Routed | undefined {
  const path = url.replace(/^https?:\/\/[^/?]*/i, '').replace(/[?#].*$/s, '');
  const segments = path.split('/').filter((segment) => segment !== '');
  for (const [pattern, kind] of Object.entries(ROUTES)) {
    const length = pattern.split('/').length;
    if (pattern === `${method} ${segments.slice(-length).join('/')}`)
      return routed({ kind }, segments, length);
  }
  const runId = segments.at(-1);
  if (method === 'PATCH' && runId && segments.at(-2) === 'runs') {
    return routed({ kind: 'update', runId: decode(runId) }, segments, 2);
  }
  return undefined;
}

function routed(route: Route, segments: readonly string[], length: number): Routed {
  const service = segments.length > length ? segments[0] : undefined;
  return service === undefined ? { route } : { route, service: decode(service) };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
