/**
 * Subscribes to the channel `undici:request:create`. Global `fetch`, every entry point of undici, `WebSocket` and
 * `EventSource` publish each request on it before the request is queued, once for each hop of a redirect and for each
 * retry.
 */
import { builtin, moduleClass } from '../../builtins.ts';
import { logFailure } from '../../log.ts';
import type { Undo } from '../instrumentation.ts';

const CHANNEL = 'undici:request:create';

export interface UndiciRequests {
  /** @param request undici's own object, which has just been created */
  onRequest(request: object): void;
  uninstall: Undo;
}

/** @param watch called once, before anything is queued; returns `undefined` if it failed */
export function onUndiciRequest(watch: () => UndiciRequests | undefined): Undo {
  const { subscribe, unsubscribe } =
    builtin<typeof import('node:diagnostics_channel')>('diagnostics_channel');
  // Immediately if requests could be queued already, otherwise at the first request.
  let requests = isUndiciLoaded() ? watch() : undefined;

  function onRequest(message: unknown): void {
    // An error thrown here would surface as an uncaught exception of the application.
    try {
      requests ??= watch();
      requests?.onRequest((message as { request: object }).request);
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

/**
 * Whether there are pools in which a request could be queued. Node's own undici cannot be detected, but its pools have
 * no bound.
 */
function isUndiciLoaded(): boolean {
  const { _cache: cache = {} } = moduleClass<{ _cache?: object }>();
  return Object.keys(cache).some((path) => path.endsWith('dispatcher-base.js'));
}
