/**
 * Global `fetch`, every entry point of undici, `WebSocket` and `EventSource` publish each request on the channel
 * `undici:request:create` before it is queued, once a hop of a redirect and once a retry.
 */
import { builtin } from '../../builtins.ts';
import type { ContextStorage } from '../../context/storage.ts';
import { BAGGAGE_HEADER, isNamed } from '../../headers/names.ts';
import { logFailure, logOnce } from '../../log.ts';
import type { Propagator } from '../../propagator.ts';
import { patchMethod, type Undo } from '../instrumentation.ts';
import { installUndiciCallbacks } from './callbacks.ts';
import { type AddHeader, carrierOf, type UndiciRequest } from './carrier.ts';
import { installUndiciPool, isUndiciLoaded } from './pool.ts';

const CHANNEL = 'undici:request:create';

export function installUndici(contexts: ContextStorage, propagator: Propagator): Undo {
  const { subscribe, unsubscribe } =
    builtin<typeof import('node:diagnostics_channel')>('diagnostics_channel');
  // Before anything is queued: at once where somebody could have queued, else with the first request.
  let requests = isUndiciLoaded() ? watchRequests(contexts, propagator) : undefined;

  function onRequest(message: unknown): void {
    // What is thrown here would surface as an uncaught exception of the application's.
    try {
      requests ??= watchRequests(contexts, propagator);
      requests.onRequest((message as { request: UndiciRequest }).request);
    } catch (error) {
      logFailure('inject (undici)', error);
    }
  }

  subscribe(CHANNEL, onRequest);
  return () => {
    unsubscribe(CHANNEL, onRequest);
    requests?.uninstall();
  };
}

interface Requests {
  onRequest(request: UndiciRequest): void;
  uninstall: Undo;
}

function watchRequests(contexts: ContextStorage, propagator: Propagator): Requests {
  const undos: Undo[] = [];
  const watched = new WeakSet<object>();
  /** Of most processes it is the only one, and that need not be hashed. */
  let lastWatched: object | undefined;
  const pool = installUndiciPool(contexts);
  const callbacks = installUndiciCallbacks(contexts);

  function onRequest(request: UndiciRequest): void {
    const context = pool.isInItsContext(request) ? contexts.current() : undefined;
    const prototype = Object.getPrototypeOf(request) as UndiciRequest;
    if (prototype !== lastWatched) watch(prototype);
    callbacks.bind(request, context);
    if (context === undefined || request.method === 'CONNECT') return;
    const carrier = carrierOf(request);
    if (carrier !== undefined) propagator.inject(carrier, request, context);
    else logOnce('undici headers', 'warn', 'this version of undici keeps its headers in a form not known');
  }

  function watch(prototype: UndiciRequest): void {
    lastWatched = prototype;
    if (watched.has(prototype)) return;
    watched.add(prototype);
    callbacks.watch(prototype);
    keepOneBaggage(prototype);
  }

  /** An agent that subscribed later adds its members by `addHeader`, which never looks for what is there. */
  function keepOneBaggage(prototype: UndiciRequest): void {
    if (typeof prototype.addHeader !== 'function') return;
    undos.push(
      patchMethod<UndiciRequest, AddHeader>(
        prototype,
        'addHeader',
        (original) =>
          function addHeader(this: UndiciRequest, name, value) {
            return addsToOurs(this, name, value) ? this : original().call(this, name, value);
          },
      ),
    );
  }

  function addsToOurs(request: UndiciRequest, name: string, value: string): boolean {
    try {
      const carrier = isNamed(name, BAGGAGE_HEADER) ? carrierOf(request) : undefined;
      return (
        carrier !== undefined &&
        typeof value === 'string' &&
        propagator.appendBaggage(carrier, request, value)
      );
    } catch (error) {
      logFailure('append to baggage', error);
      return false;
    }
  }

  return {
    onRequest,
    uninstall() {
      for (const undo of undos) undo();
      pool.uninstall();
      callbacks.uninstall();
    },
  };
}
