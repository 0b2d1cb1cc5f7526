import type { ServerResponse } from 'node:http';
import type { CollectedRun } from '../types.ts';
import { summarizeTrace } from './model/summarize.ts';
import type { TraceChanges } from './model/wire.ts';

/** The number of traces that the page lists, the newest ones. */
const MAX_LISTED = 2000;
/** Changes are collected for this many milliseconds and sent together. */
const GATHER_MS = 150;

export interface TraceSource {
  /** The traces by their ids, in the order of arrival. */
  readonly traces: ReadonlyMap<string, unknown>;
  runsOf(traceId: string): CollectedRun[];
}

/** Sends the list of traces to the open pages as server-sent events. It keeps no state while no page is open. */
export class TraceFeed {
  readonly #source: TraceSource;
  readonly #clients = new Set<ServerResponse>();
  /** Pages that read more slowly than traces arrive. They get the whole list once they have caught up. */
  readonly #behind = new Set<ServerResponse>();
  /** The traces that the pages have, the oldest first. */
  readonly #listed = new Set<string>();
  readonly #changed = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(source: TraceSource) {
    this.#source = source;
  }

  connect(response: ServerResponse): void {
    response.on('close', () => {
      this.#clients.delete(response);
      this.#behind.delete(response);
      if (this.#clients.size === 0) this.close();
    });
    response.on('drain', () => {
      if (this.#behind.delete(response)) this.#sendAll(response);
    });
    this.#flush();
    this.#clients.add(response);
    this.#sendAll(response);
  }

  changed(traceIds: readonly string[]): void {
    if (this.#clients.size === 0) return;
    for (const traceId of traceIds) this.#changed.add(traceId);
    this.#timer ??= setTimeout(() => this.#flush(), GATHER_MS);
  }

  cleared(): void {
    this.#listed.clear();
    this.#changed.clear();
    for (const client of this.#clients) this.#sendAll(client);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#listed.clear();
    this.#changed.clear();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#changed.size === 0) return;
    const traceIds = [...this.#changed].filter((traceId) => this.#source.traces.has(traceId));
    this.#changed.clear();
    for (const traceId of traceIds) this.#listed.add(traceId);
    const removed = this.#takeRemoved();
    const traces = this.#summaries(traceIds.filter((traceId) => this.#listed.has(traceId)));
    this.#broadcast({ reset: false, traces, removed, total: this.#source.traces.size });
  }

  /** Returns the traces that the collector has dropped and those that no longer fit in the list. */
  #takeRemoved(): string[] {
    const gone = [...this.#listed].filter((traceId) => !this.#source.traces.has(traceId));
    const over = [...this.#listed].slice(0, Math.max(0, this.#listed.size - gone.length - MAX_LISTED));
    const removed = [...new Set([...gone, ...over])];
    for (const traceId of removed) this.#listed.delete(traceId);
    return removed;
  }

  #sendAll(client: ServerResponse): void {
    const newest = [...this.#source.traces.keys()].slice(-MAX_LISTED);
    for (const traceId of newest) this.#listed.add(traceId);
    const traces = this.#summaries(newest);
    write(client, { reset: true, traces, removed: [], total: this.#source.traces.size });
  }

  #summaries(traceIds: readonly string[]) {
    return traceIds.flatMap((traceId) => {
      const runs = this.#source.runsOf(traceId);
      return runs.length === 0 ? [] : [summarizeTrace(traceId, runs)];
    });
  }

  #broadcast(changes: TraceChanges): void {
    for (const client of this.#clients) {
      if (client.writableNeedDrain) this.#behind.add(client);
      else write(client, changes);
    }
  }
}

function write(client: ServerResponse, changes: TraceChanges): void {
  client.write(`event: traces\ndata: ${JSON.stringify(changes)}\n\n`);
}
