/**
 * The API of `@org/trace-agent`. Most services never import it, because the preload does the work. It talks to the
 * agent that is running in this process, whichever copy of the package started it.
 */
import { runningAgent, start as startAgent, status as statusOfAgent, stop as stopAgent } from './agent.ts';
import type { HeadersLike, StartOptions, Status } from './api.ts';
import { BAGGAGE_HEADER, TRACE_HEADER } from './headers/names.ts';

export type { Counts, HeadersLike, LogLevel, StartOptions, Status } from './api.ts';

/**
 * Returns the headers for the current run. This is the run that is current and will be published, or else the run of
 * the caller whose request is being handled. It is meant for transports that the agent does not know: queues, gRPC
 * metadata, a child process. Metadata and tags are included, because the application chooses the destination.
 *
 * @returns `{'langsmith-trace', baggage?}`; `{}` if there is no run or no running agent
 * @see https://docs.langchain.com/langsmith/distributed-tracing
 */
export function traceHeaders(): Record<string, string> {
  return runningAgent()?.traceHeaders() ?? {};
}

/**
 * Runs `fn` under the run that `headers` name, as the handler of a request with these headers would run. It is meant
 * for queues, Lambda and other transports. It corresponds to Python's `tracing_context(parent=headers)`. The headers
 * are trusted, so pass only headers from a sender that you trust. Headers that are absent or invalid change nothing.
 *
 * @param headers names in any letter case
 * @param fn called once, synchronously; its result is returned and its errors are thrown
 */
export function continueTrace<T>(headers: HeadersLike | null | undefined, fn: () => T): T {
  const agent = runningAgent();
  if (agent === undefined) return fn();
  return agent.continueTrace(read(headers, TRACE_HEADER), read(headers, BAGGAGE_HEADER), fn);
}

/**
 * Starts the agent in this process, unless one is running already. The preload calls it before the first line of the
 * application. Requests that are under way at a later call are missed.
 *
 * @param options take precedence over the environment variables
 */
export function start(options?: StartOptions): Status {
  return startAgent(options);
}

/** Restores everything that the agent has patched. Does nothing if no agent is running. */
export function stop(): void {
  stopAgent();
}

/** The state of the agent in this process. */
export function status(): Status {
  return statusOfAgent();
}

function read(headers: HeadersLike | null | undefined, name: string): unknown {
  const value = find(headers, name);
  if (!Array.isArray(value)) return decode(value);
  // Several values are joined as Node joins them. The `Metadata` of gRPC has no values for an absent name.
  return value.length > 1 ? value.map(decode).join(', ') : decode(value[0]);
}

function decode(value: unknown): unknown {
  return value instanceof Uint8Array ? new TextDecoder('latin1').decode(value) : value;
}

function find(headers: HeadersLike | null | undefined, name: string): unknown {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const isNamed = (key: unknown) => typeof key === 'string' && key.toLowerCase() === name;
  if (typeof headers.get === 'function') {
    // Among the objects with a `get` method, only a Map is case-sensitive.
    const key = headers instanceof Map ? [...headers.keys()].find(isNamed) : undefined;
    return headers.get(typeof key === 'string' ? key : name) ?? undefined;
  }
  const record = headers as Record<string, unknown>;
  const key = name in record ? name : Object.keys(record).find(isNamed);
  return key === undefined ? undefined : record[key];
}
