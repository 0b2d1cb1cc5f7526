/**
 * What a request of undici calls back (`lib/core/request.js`) runs in the context in which its connection was
 * opened: by then another request's. An interceptor that redirects or retries sends the next hop from there, so
 * 11 of 12 redirected or retried requests of one client would carry somebody else's run, in undici 5 to 8. So each
 * callback enters the context of its own request.
 */
import type { Context, ContextStorage } from '../context/storage.ts';
import { logFailure } from '../log.ts';
import { apply, patchMethod, type Undo } from './instrumentation.ts';

const CONTEXT = Symbol('trace-agent context');
const SOCKET_CONTEXT = Symbol('trace-agent context of an upgrade');

/** They hand over the socket, which from then on belongs to this request alone. */
const UPGRADES = ['onUpgrade', 'onRequestUpgrade'];

/** undici 5 to 7, and 8. */
const CALLBACKS = [
  'onConnect',
  'onBodySent',
  'onRequestSent',
  'onResponseStarted',
  'onHeaders',
  'onData',
  'onUpgrade',
  'onComplete',
  'onError',
  'onRequestStart',
  'onResponseStart',
  'onResponseData',
  'onRequestUpgrade',
  'onResponseEnd',
  'onResponseError',
];

interface Request {
  [CONTEXT]?: Context;
}
type Callback = (this: Request, ...args: unknown[]) => unknown;
type Emitter = { emit(this: object, ...args: unknown[]): unknown };
interface Upgraded extends Request {
  /** `null`: of a request that was made where there was no run. */
  [SOCKET_CONTEXT]?: Context | null;
}

export interface UndiciCallbacks {
  /** From now on `request` calls back in `context`; in none where it is `undefined`. */
  bind(request: object, context: Context | undefined): void;
  uninstall: Undo;
}

export function installUndiciCallbacks(contexts: ContextStorage): UndiciCallbacks {
  const undos: Undo[] = [];
  const patched = new WeakSet<object>();

  const wrap = (original: () => Callback): Callback =>
    function callback(this: Request) {
      const context = this[CONTEXT];
      // biome-ignore lint/complexity/noArguments: passed on as they came, without an array for each call
      const args = arguments as unknown as unknown[];
      return context === contexts.current()
        ? original().apply(this, args)
        : contexts.run(context, apply, original(), this, args);
    };

  /** A socket that was used before emits in the context of its first request: a `WebSocket` would answer in it. */
  const wrapUpgrade = (original: () => Callback): Callback => {
    const wrapped = wrap(original);
    return function upgrade(this: Request, status, headers, socket, ...rest) {
      try {
        if (isEmitter(socket)) bindSocket(socket, this[CONTEXT]);
      } catch (error) {
        logFailure('bind an upgraded socket', error);
      }
      return wrapped.call(this, status, headers, socket, ...rest);
    };
  };

  const wrapEmit = (original: () => Callback): Callback =>
    function emit(this: Upgraded, ...args) {
      const bound = this[SOCKET_CONTEXT];
      const context = bound ?? undefined;
      return bound === undefined || context === contexts.current()
        ? original().apply(this, args)
        : contexts.run(context, apply, original(), this, args);
    };

  function bindSocket(socket: Emitter, context: Context | undefined): void {
    const prototype = Object.getPrototypeOf(socket) as Record<string, Callback>;
    if (!patched.has(prototype)) {
      patched.add(prototype);
      undos.push(patchMethod(prototype, 'emit', wrapEmit));
    }
    Object.defineProperty(socket, SOCKET_CONTEXT, { value: context ?? null, configurable: true });
  }

  return {
    bind(request, context) {
      const prototype = Object.getPrototypeOf(request) as Record<string, Callback>;
      if (!patched.has(prototype)) {
        patched.add(prototype);
        for (const name of CALLBACKS) {
          if (typeof prototype[name] !== 'function') continue;
          undos.push(patchMethod(prototype, name, UPGRADES.includes(name) ? wrapUpgrade : wrap));
        }
      }
      if (context !== undefined) (request as Request)[CONTEXT] = context;
    },
    uninstall() {
      for (const undo of undos) undo();
    },
  };
}

function isEmitter(value: unknown): value is Emitter {
  return typeof (value as Emitter | null | undefined)?.emit === 'function';
}
