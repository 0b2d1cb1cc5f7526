/**
 * Global `fetch`, every entry point of undici, `WebSocket` and `EventSource` publish each request on the channel
 * `undici:request:create` before it is queued, once a hop of a redirect and once a retry.
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

/** @param watch called once, before anything is queued; `undefined` where that has failed */
export function onUndiciRequest(watch: () => UndiciRequests | undefined): Undo {
  const { subscribe, unsubscribe } =
    builtin<typeof import('node:diagnostics_channel')>('diagnostics_channel');
  // At once where somebody could have queued, else with the first request.
  let requests = isUndiciLoaded() ? watch() : undefined;

  function onRequest(message: unknown): void {
    // What is thrown here would surface as an uncaught exception of the application's.
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

/** Whether there are pools that a request could have been put into. Node's own cannot be seen, and have no bound. */
function isUndiciLoaded(): boolean {
  const { _cache: cache = {} } = moduleClass<{ _cache?: object }>();
  return Object.keys(cache).some((path) => path.endsWith('dispatcher-base.js'));
}
