/** The trace and run that the page shows. The hash of the URL holds them: `#/<trace id>/<run id>`. */
export interface Shown {
  readonly traceId?: string;
  /** The run in the drawer. */
  readonly runId?: string;
}

export function parseHash(hash: string): Shown {
  const [, traceId, runId] = /^#\/([^/]+)(?:\/([^/]+))?$/.exec(hash) ?? [];
  if (traceId === undefined) return {};
  return { traceId: decode(traceId), ...(runId !== undefined && { runId: decode(runId) }) };
}

export function formatHash({ traceId, runId }: Shown): string {
  return `#/${[traceId, runId]
    .filter((id) => id !== undefined)
    .map(encodeURIComponent)
    .join('/')}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
