/**
 * Keeps the context of requests of http2-wrapper 1 and 2 (got 11 to 14 with `http2: true`). When a session becomes
 * ready, the library calls `session.request` for all waiting requests at once. Its `ClientRequest` makes the object of
 * headers in its constructor and later passes that same object. One line after making it, the constructor assigns
 * `this.reusedSocket = false`, which an accessor on the prototype sees.
 */
import type { ContextStorage } from '../../context/storage.ts';
import { memberOf, type Undo } from '../instrumentation.ts';
import type { WantedModule } from '../libraries/library.ts';
import type { QueuedContexts } from './queued-contexts.ts';

export function watchHTTP2Wrapper(
  contexts: ContextStorage,
  queued: QueuedContexts,
  undos: Undo[],
): WantedModule[] {
  function patch(prototype: object): void {
    Object.defineProperty(prototype, 'reusedSocket', {
      configurable: true,
      enumerable: false,
      get: () => undefined,
      set(this: object, value: unknown) {
        const own = { value, configurable: true, enumerable: true, writable: true };
        Object.defineProperty(this, 'reusedSocket', own);
        const headers = headersOf(this);
        if (headers !== undefined) queued.note(headers, contexts.current());
      },
    });
    undos.push(() => delete (prototype as { reusedSocket?: unknown }).reusedSocket);
  }

  const path = /[\\/]http2-wrapper[\\/]source[\\/]client-request\.js$/;
  return [
    {
      library: 'http2-wrapper',
      path,
      found(ClientRequest) {
        const prototype = (ClientRequest as { prototype?: object } | undefined)?.prototype;
        if (prototype !== undefined && !Object.hasOwn(prototype, 'reusedSocket')) patch(prototype);
      },
    },
  ];
}

function headersOf(request: object): object | undefined {
  const headers = memberOf(request, 'headers');
  return typeof headers === 'object' && headers !== null ? headers : undefined;
}
