/**
 * The API of `@org/trace-agent`. Most services never import it, because the preload does the work. It talks to the
 * agent that is running in this process, whichever copy of the package started it.
 */
import { runningAgent, start as startAgent, status as statusOfAgent, stop as stopAgent } from './agent.ts';
import type { HeadersLike, LogLevel, StartOptions, Status } from './api.ts';
import { type MessageHeaders, readMessageHeaders } from './headers/message-headers.ts';
import { log, setLogLevel } from './log.ts';

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
 * are trusted, so pass only headers from a sender that you trust. If they name no run, `fn` runs as if nothing had been
 * current, and a message at the level `debug` says so.
 *
 * @param headers headers as brokers and frameworks hand them out, with names in any letter case
 * @param fn called once, synchronously; its result is returned and its errors are thrown
 */
export function continueTrace<T>(headers: HeadersLike | null | undefined, fn: () => T): T {
  const agent = runningAgent();
  if (agent === undefined) return fn();
  const { trace, baggage } = read(headers, agent);
  return agent.continueTrace(trace, baggage, fn);
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

/** Errors are caught here: a getter or a method of the application's object may throw. */
function read(headers: unknown, agent: { status(): Status }): MessageHeaders {
  let given = 'headers without a trace';
  try {
    const found = readMessageHeaders(headers);
    if (found?.trace !== undefined || found?.baggage !== undefined) return found;
    if (found === undefined) given = `a value of type ${typeof headers}`;
  } catch {
    given = 'headers that cannot be read';
  }
  // The running agent may be another copy of the package, with a log level of its own.
  setLogLevel((agent.status().config?.log ?? 'warn') as LogLevel);
  log('debug', `continueTrace was given ${given}, so the function runs without one`);
  return { trace: undefined, baggage: undefined };
}
