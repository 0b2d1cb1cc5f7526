/**
 * Runs the callbacks of a request of undici (`lib/core/request.js`) in the context of that request. undici calls them in
 * the context in which the connection was opened, which belongs to another request. An interceptor that redirects or
 * retries sends the next request from there. Without this, 11 of 12 redirected or retried requests of one client carry
 * another request's run (undici 5 to 8).
 */
import type { EventEmitter } from 'node:events';
import type { Context, ContextStorage } from '../../context/storage.ts';
import { logFailure } from '../../log.ts';
import { createBoundEmitters } from '../bound-emitters.ts';
import { patchMethod, type Undo } from '../instrumentation.ts';
import { createStandIns, isStandIn, type StandIns } from './published.ts';

const CONTEXT = Symbol('trace-agent context');

/** They hand over the socket, which belongs to this request alone from then on. */
const UPGRADES = ['onUpgrade', 'onRequestUpgrade'];

/** The names of undici 5 to 7, and those of undici 8. */
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
type Arguments = [a?: unknown, b?: unknown, c?: unknown, d?: unknown];
type Callback = (this: Request, ...args: Arguments) => unknown;

export interface UndiciCallbacks {
  /** Makes bound requests of the class with this prototype call back in their context. */
  watch(prototype: object): void;
  /** Makes `request` call back in `context`. Does nothing if it is `undefined`. */
  bind(request: object, context: Context | undefined): void;
  uninstall: Undo;
}

export function installUndiciCallbacks(contexts: ContextStorage): UndiciCallbacks {
  const undos: Undo[] = [];
  const sockets = createBoundEmitters(contexts);
  let standIns: StandIns | undefined;

  const wrap = (original: () => Callback): Callback => {
    function callInContext(this: Request): unknown {
      // biome-ignore lint/complexity/noArguments: passed on as received
      return contexts.apply(this[CONTEXT], original(), this, arguments);
    }
    return function callback(this: Request) {
      const isElsewhere = this[CONTEXT] !== contexts.current();
      // V8 does not create the `arguments` object in a function that only passes it on like this.
      // biome-ignore lint/complexity/noArguments: passed on as received
      return (isElsewhere ? callInContext : original()).apply(this, arguments as unknown as Arguments);
    };
  };

  /** A socket that was used before emits in the context of its first request, so a `WebSocket` would answer in it. */
  const wrapUpgrade = (original: () => Callback): Callback => {
    const wrapped = wrap(original);
    return function upgrade(this: Request, status, headers, socket, text) {
      try {
        if (isEmitter(socket)) sockets.bind(socket, this[CONTEXT]);
      } catch (error) {
        logFailure('bind an upgraded socket', error);
      }
      return wrapped.call(this, status, headers, socket, text);
    };
  };

  function watch(prototype: object): void {
    const methods = prototype as Record<string, Callback>;
    for (const name of CALLBACKS) {
      const method = methods[name];
      if (typeof method === 'function')
        undos.push(patchMethod(methods, name, UPGRADES.includes(name) ? wrapUpgrade : wrap));
    }
  }

  return {
    watch,
    bind(request, context) {
      if (context === undefined) return;
      if (isStandIn(request)) {
        standIns ??= createStandIns(CONTEXT, watch);
        standIns.bind(request, context);
      } else (request as Request)[CONTEXT] = context;
    },
    uninstall() {
      for (const undo of undos) undo();
      standIns?.uninstall();
      sockets.uninstall();
    },
  };
}

function isEmitter(value: unknown): value is EventEmitter {
  return typeof (value as EventEmitter | null | undefined)?.emit === 'function';
}
