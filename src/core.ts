/**
 * All that a process needs once it has a server, sends a request or loads the SDK. Until then it is no more than a text
 * in the preload (scripts/build.mjs): most processes that a preload by `NODE_OPTIONS` is in do none of that.
 */
import type { Config } from './config.ts';
import type { Natives } from './context/natives.ts';
import { runWithin } from './context/run-within.ts';
import { type ContextStorage, createContextStorage } from './context/storage.ts';
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
import { setLogLevel } from './log.ts';
import { DestinationPolicy } from './policy/destinations.ts';
import { createLangSmithAPI } from './policy/langsmith-api.ts';
import { PeerPolicy } from './policy/peers.ts';
import { Propagator } from './propagator.ts';

export interface Core {
  readonly contexts: ContextStorage;
  readonly propagator: Propagator;
  /** The seams. What catches the first of each kind is in `agent.ts`. */
  watchConnections(): Undo;
  watchServers(prototype: { emit: Emit }): Undo;
  watchRequests(prototype: object): Undo;
  watchSessions(onModules: LibraryGate['onModules']): Undo;
  watchUndici(): UndiciRequests;
  /** Runs `fn` under the run that the headers name, or under none. */
  continueTrace<T>(trace: unknown, baggage: unknown, fn: () => T): T;
  /** Waits for runs that are still to be sent, at most so long as the setting says. */
  flush(): Promise<void>;
  uninstall(): void;
}

/** @param found what lay under the SDK's key when the agent started */
export type CreateCore = (config: Config, natives: Natives, found: unknown) => Core;

/** What gives the core: in the preload it compiles it first, once. No code of the application's runs by then. */
export function prepareCore(): () => CreateCore {
  return () => createCore;
}

export const createCore: CreateCore = (config, natives, found) => {
  // The text has a log of its own.
  setLogLevel(config.log);
  const langSmithAPI = createLangSmithAPI(process.env, () => destinations.forget());
  const destinations = new DestinationPolicy(config, langSmithAPI);
  const propagator = new Propagator(config, destinations, new PeerPolicy(config.trust), process.env);
  const clients = config.flush > 0 ? createSeenClients(config.flush) : undefined;
  const contexts = createContextStorage(natives, found, (run) => {
    langSmithAPI.observe(run);
    clients?.observe(run);
  });
  let messages: IncomingMessages | undefined;
  /** Both seams of node:http use it. */
  const incomingMessages = () => (messages ??= createIncomingMessages(contexts));
  return {
    contexts,
    propagator,
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
    continueTrace: (trace, baggage, fn) => runWithin(contexts, propagator.read(trace, baggage), fn),
    flush: () => clients?.flush() ?? Promise.resolve(),
    uninstall() {
      clients?.uninstall();
      contexts.uninstall();
    },
  };
};
