import type { IncomingHttpHeaders } from 'node:http';

/** One run as the collector knows it: what its post and its patches said, merged. */
export interface CollectedRun {
  id: string;
  traceId: string;
  parentRunId?: string;
  dottedOrder: string;
  name: string;
  runType: string;
  /** The project's name; for a run sent to an agent's address, that address. */
  project?: string;
  /** The service whose endpoint (`Collector.urlFor`) the run came in by. */
  service?: string;
  /** Milliseconds since the epoch. */
  startTime: number;
  /** Milliseconds since the epoch; absent while the run is not over. */
  endTime?: number;
  error?: string;
  inputs?: unknown;
  outputs?: unknown;
  /** The SDK's events: streamed tokens, retries. */
  events?: unknown[];
  metadata: Record<string, unknown>;
  tags: string[];
  extra?: unknown;
}

/** Something the collector answered with a 4xx status, and why. */
export interface Refusal {
  runId?: string;
  name?: string;
  service?: string;
  reason: string;
}

/** A request as it arrived. */
export interface CollectedRequest {
  method: string;
  /** Path and query. */
  path: string;
  headers: IncomingHttpHeaders;
}

export interface CollectorOptions {
  /** The address to listen on; default `127.0.0.1`. */
  host?: string;
  /** The port to listen on; default 0, a free one. */
  port?: number;
  /** The memory that runs may take, in bytes, about; default 256 MiB. Beyond it the oldest traces are forgotten. */
  maxBytes?: number;
  /** Called with the traces that are forgotten for that. */
  onDropped?: (traceIds: readonly string[]) => void;
  /** Called after each accepted request, with the traces that it changed. */
  onTraces?: (traceIds: readonly string[]) => void;
  /** Called for each refusal. */
  onRefusal?: (refusal: Refusal) => void;
}

export interface Collector {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** What `service` gets as LANGSMITH_ENDPOINT, so that its runs carry its name. */
  urlFor(service: string): string;
  /** The runs that have been posted, in the order of their arrival. */
  runs(): CollectedRun[];
  /** The same of one trace. */
  runsOf(traceId: string): CollectedRun[];
  refused(): Refusal[];
  /** The newest 10,000 requests, of at most 16 MiB, those that were refused or not found included. */
  requests(): CollectedRequest[];
  /**
   * Resolves with all runs as soon as `predicate` is true of them.
   *
   * @param timeoutMs default 10,000; then it rejects with a message that says what arrived and what was refused
   */
  waitForRuns(predicate: (runs: CollectedRun[]) => boolean, timeoutMs?: number): Promise<CollectedRun[]>;
  /** Forgets runs, refusals and requests. */
  clear(): void;
  /** Stops listening and drops every connection, idle or not. Can be called twice. */
  close(): Promise<void>;
}
