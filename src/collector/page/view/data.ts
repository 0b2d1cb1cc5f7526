import { useEffect, useRef, useState } from 'preact/hooks';
import type { CollectedRun } from '../../types.ts';
import { applyChanges } from '../model/trace-list.ts';
import type { RunSummary, TraceChanges, TraceRuns, TraceSummary } from '../model/wire.ts';

export interface TraceList {
  readonly traces: readonly TraceSummary[];
  readonly total: number;
  readonly connection: 'connecting' | 'live' | 'lost';
}

/**
 * Provides the live list of traces. A page in the background is disconnected, because browsers allow few connections.
 */
export function useTraceList(): TraceList {
  const [list, setList] = useState<TraceList>({ traces: [], total: 0, connection: 'connecting' });
  useEffect(() => {
    let source: EventSource | undefined;
    const disconnect = () => {
      source?.close();
      source = undefined;
    };
    const connect = () => {
      source ??= new EventSource('/page/events');
      source.onerror = () => {
        setList((before) => ({ ...before, connection: 'lost' }));
        // The browser reconnects by itself, except after a response that is not an event stream.
        if (source?.readyState === EventSource.CLOSED) disconnect();
      };
      source.addEventListener('traces', ({ data }) => {
        const changes = JSON.parse(data) as TraceChanges;
        setList(({ traces }) => ({
          traces: applyChanges(traces, changes),
          total: changes.total,
          connection: 'live',
        }));
      });
    };
    const follow = () => (document.hidden ? disconnect() : connect());
    follow();
    document.addEventListener('visibilitychange', follow);
    return () => {
      document.removeEventListener('visibilitychange', follow);
      disconnect();
    };
  }, []);
  return list;
}

export interface LoadedRuns {
  readonly traceId: string;
  readonly runs: readonly RunSummary[];
  /** Why there are no runs. */
  readonly problem?: string;
}

/** Fetches the runs of a trace, and fetches them again when the trace's summary has changed, one request at a time. */
export function useRuns(
  traceId: string | undefined,
  summary: TraceSummary | undefined,
): LoadedRuns | undefined {
  const [loaded, setLoaded] = useState<LoadedRuns>();
  const wanted = useRef<{ traceId: string | undefined; isStale: boolean; isBusy: boolean }>({
    traceId,
    isStale: false,
    isBusy: false,
  });
  // A changed summary means that runs have arrived.
  useEffect(() => {
    const state = wanted.current;
    state.traceId = traceId;
    state.isStale = true;
    const load = async () => {
      if (state.isBusy || !state.isStale || state.traceId === undefined) return;
      state.isBusy = true;
      state.isStale = false;
      setLoaded(await fetchRuns(state.traceId));
      state.isBusy = false;
      void load();
    };
    void load();
  }, [traceId, summary]);
  return loaded?.traceId === traceId ? loaded : undefined;
}

async function fetchRuns(traceId: string): Promise<LoadedRuns> {
  try {
    return { traceId, ...(await fetchJSON<TraceRuns>(`/page/traces/${encodeURIComponent(traceId)}`)) };
  } catch (error) {
    return { traceId, runs: [], problem: (error as Error).message };
  }
}

/** Fetches a whole run for the drawer. The previous run stays until the new one has arrived. */
export function useRun(traceId: string, run: RunSummary | undefined): CollectedRun | undefined {
  const [loaded, setLoaded] = useState<CollectedRun>();
  useEffect(() => {
    if (run === undefined) return;
    const controller = new AbortController();
    const path = `/page/traces/${encodeURIComponent(traceId)}/runs/${encodeURIComponent(run.id)}`;
    fetchJSON<CollectedRun>(path, controller.signal)
      .then(setLoaded)
      // The trace view shows connection problems.
      .catch(() => {});
    return () => controller.abort();
  }, [traceId, run]);
  return loaded?.id === run?.id ? loaded : undefined;
}

async function fetchJSON<Body>(url: string, signal?: AbortSignal): Promise<Body> {
  const response = await fetch(url, signal && { signal });
  const body = await response.json();
  if (!response.ok) throw new Error((body as { error?: string }).error ?? response.statusText);
  return body as Body;
}
