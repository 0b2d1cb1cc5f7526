/**
 * The API of `@org/trace-agent`. It is small, and most services never import it: the preload does the work. It
 * talks to the agent that is at work in this process, whichever copy of the package has started it.
 */
import { runningAgent, start as startAgent, status as statusOfAgent, stop as stopAgent } from './agent.ts';
import type { HeadersLike, StartOptions, Status } from './api.ts';
import { BAGGAGE_HEADER, TRACE_HEADER } from './headers/names.ts';

export type { Counts, HeadersLike, LogLevel, StartOptions, Status } from './api.ts';

/**
 * The headers for the current run: of the run that is current here and really published, or else of the caller
 * whose request is being handled. For transports that the agent does not know: queues, gRPC metadata, a child
 * process. Where they go is the caller's choice, so metadata and tags are included.
 *
 * @returns `{'langsmith-trace', baggage?}`; `{}` where there is no run, or no agent at work
 * @see https://docs.langchain.com/langsmith/distributed-tracing
 */
export function traceHeaders(): Record<string, string> {
  return runningAgent()?.traceHeaders() ?? {};
}

/**
 * Runs `fn` under the run that `headers` name, as the handler of a request that brought them would be: for
 * queues, Lambda and other transports. The twin of Python's `tracing_context(parent=headers)`. The headers are
 * believed: call it with what a sender you trust has sent. Headers that are absent or not valid change nothing.
 *
 * @param headers names in any letter case
 * @param fn called once, at once; what it returns is returned, what it throws is thrown
 */
export function continueTrace<T>(headers: HeadersLike | null | undefined, fn: () => T): T {
  const agent = runningAgent();
  if (agent === undefined) return fn();
  return agent.continueTrace(read(headers, TRACE_HEADER), read(headers, BAGGAGE_HEADER), fn);
}

/**
 * Starts the agent in this process, unless one is at work already. The preload has called it before the
 * application's first line; calling it later misses requests that are under way.
 *
 * @param options outrank the environment variables
 */
export function start(options?: StartOptions): Status {
  return startAgent(options);
}

/** Puts back everything that the agent has patched. Does nothing where none is at work. */
export function stop(): void {
  stopAgent();
}

/** What the agent of this process is doing. */
export function status(): Status {
  return statusOfAgent();
}

function read(headers: HeadersLike | null | undefined, name: string): unknown {
  const value = find(headers, name);
  const sole: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  return sole instanceof Uint8Array ? new TextDecoder('latin1').decode(sole) : sole;
}

function find(headers: HeadersLike | null | undefined, name: string): unknown {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const isNamed = (key: unknown) => typeof key === 'string' && key.toLowerCase() === name;
  if (typeof headers.get === 'function') {
    // Of the things with `get`, a Map alone tells letter cases apart.
    const key = headers instanceof Map ? [...headers.keys()].find(isNamed) : undefined;
    return headers.get(typeof key === 'string' ? key : name) ?? undefined;
  }
  const record = headers as Record<string, unknown>;
  const key = name in record ? name : Object.keys(record).find(isNamed);
  return key === undefined ? undefined : record[key];
}
