/**
 * The part of the agent that a process needs once it has a server, sends a request or loads the SDK. Until then it is
 * only a text in the preload (scripts/build.mjs), because most processes that inherit a preload by `NODE_OPTIONS` do
 * none of that.
 */
import type { Config } from './config.ts';
import type { Natives } from './context/natives.ts';
import { runWithin } from './context/run-within.ts';
import { type ContextStorage, createContextStorage } from './context/storage.ts';
import { createContextFacts } from './explain/context-facts.ts';
import { prepareExplanations } from './explain/explanations.ts';
import { createSeenClients } from './flush/clients.ts';
import { watchConnections } from './instrumentation/connections.ts';
import { watchRequests } from './instrumentation/http/client.ts';
import { createIncomingMessages, type IncomingMessages } from './instrumentation/http/incoming-messages.ts';
import { watchServers } from './instrumentation/http/server.ts';
import { watchSessions } from './instrumentation/http2/client.ts';
import type { Emit, Undo } from './instrumentation/instrumentation.ts';
import type { LibraryGate } from './instrumentation/libraries/gate.ts';
import type { UndiciRequests } from './instrumentation/undici/channel.ts';
import { watchUndici } from './instrumentation/undici/client.ts';
import { log, setLogLevel } from './log.ts';
import { createMessages, type Messages } from './messages.ts';
import { DestinationPolicy } from './policy/destinations.ts';
import { createLangSmithAPI } from './policy/langsmith-api.ts';
import { PeerPolicy } from './policy/peers.ts';
import { Propagator } from './propagator.ts';

export interface Core {
  readonly contexts: ContextStorage;
  readonly propagator: Propagator;
  readonly messages: Messages;
  /** The seams. `agent.ts` detects the first use of each. */
  watchConnections(): Undo;
  watchServers(prototype: { emit: Emit }): Undo;
  watchRequests(prototype: object): Undo;
  watchSessions(onModules: LibraryGate['onModules']): Undo;
  watchUndici(): UndiciRequests;
  /** Runs `fn` under the run that the headers name, or without a caller's run if they name none. */
  continueTrace<T>(trace: unknown, baggage: unknown, fn: () => T): T;
  /** Waits for runs that are not sent yet, for at most the time in the setting. */
  flush(): Promise<void>;
  uninstall(): void;
}

/** @param existingStorage the value under the SDK's key when the agent started */
export type CreateCore = (config: Config, natives: Natives, existingStorage: unknown) => Core;

/**
 * Called when the agent starts, before any code of the application runs. In the preload, the returned function compiles
 * the core at its first call.
 */
export function prepareCore(): () => CreateCore {
  return () => createCore;
}

export const createCore: CreateCore = (config, natives, existingStorage) => {
  // In the preload, the core is a separate script and has its own copy of `log.ts`.
  setLogLevel(config.log);
  const langSmithAPI = createLangSmithAPI(process.env, () => destinations.forget());
  const destinations = new DestinationPolicy(config, langSmithAPI);
  const { env } = process;
  const peers = new PeerPolicy(config.trust);
  const explanations =
    config.log === 'debug'
      ? prepareExplanations()()(createContextFacts(env), config, destinations, peers)
      : undefined;
  const propagator = new Propagator(config, destinations, peers, env, explanations);
  const clients = config.flush > 0 ? createSeenClients(config.flush) : undefined;
  const contexts = createContextStorage(natives, existingStorage, (run) => {
    langSmithAPI.observe(run);
    clients?.observe(run);
  });
  let messages: IncomingMessages | undefined;
  /** Both seams of node:http share one instance. */
  const incomingMessages = () => (messages ??= createIncomingMessages(contexts));
  return {
    contexts,
    propagator,
    messages: createMessages(contexts, propagator),
    watchConnections() {
      const undo = watchConnections(contexts);
      return () => {
        undo();
        messages?.uninstall();
      };
    },
    watchServers: (prototype) => watchServers(prototype, contexts, propagator, incomingMessages()),
    watchRequests: (prototype) => watchRequests(prototype, contexts, propagator, incomingMessages()),
    watchSessions: (onModules) => watchSessions(contexts, propagator, onModules),
    watchUndici: () => watchUndici(contexts, propagator),
    continueTrace(trace, baggage, fn) {
      const remote = propagator.read(trace, baggage);
      if (remote === undefined && (trace !== undefined || baggage !== undefined)) {
        log(
          'debug',
          'continueTrace was given headers that name no valid run, so the function runs without one',
        );
      }
      return runWithin(contexts, remote, fn);
    },
    flush: () => clients?.flush() ?? Promise.resolve(),
    uninstall() {
      clients?.uninstall();
      contexts.uninstall();
    },
  };
};
