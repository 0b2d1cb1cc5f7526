import type { IncomingHttpHeaders } from 'node:http';

/** A run as the collector knows it, merged from its post and its patches. */
export interface CollectedRun {
  id: string;
  traceId: string;
  parentRunId?: string;
  dottedOrder: string;
  name: string;
  runType: string;
  /** The project's name; for a run sent to an agent's address, that address. */
  project?: string;
  /** The service whose endpoint (`Collector.urlFor`) the run was sent to. */
  service?: string;
  /** Milliseconds since the epoch. */
  startTime: number;
  /** Milliseconds since the epoch; absent while the run has not ended. */
  endTime?: number;
  error?: string;
  inputs?: unknown;
  outputs?: unknown;
  /** The events that the SDK recorded: streamed tokens, retries. */
  events?: unknown[];
  metadata: Record<string, unknown>;
  tags: string[];
  extra?: unknown;
}

/** A request or run that the collector answered with a 4xx status, and the reason. */
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
  /** The approximate memory that runs may use, in bytes; default 256 MiB. Beyond it the oldest traces are removed. */
  maxBytes?: number;
  /** Called with the traces that were removed for this reason. */
  onDropped?: (traceIds: readonly string[]) => void;
  /** Called after each accepted request, with the traces that it changed. */
  onTraces?: (traceIds: readonly string[]) => void;
  /** Called for each refusal. */
  onRefusal?: (refusal: Refusal) => void;
}

export interface Collector {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Returns the LANGSMITH_ENDPOINT for `service`, so that its runs carry its name. */
  urlFor(service: string): string;
  /** Returns the runs that have been posted, in the order of their arrival. */
  runs(): CollectedRun[];
  /** Returns the same for one trace. */
  runsOf(traceId: string): CollectedRun[];
  refused(): Refusal[];
  /** Returns the newest 10,000 requests, of at most 16 MiB, including those that were refused or not found. */
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
