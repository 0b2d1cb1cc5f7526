/**
 * What a request of undici calls back (`lib/core/request.js`) runs in the context in which its connection was
 * opened: by then another request's. An interceptor that redirects or retries sends the next hop from there, so
 * 11 of 12 redirected or retried requests of one client would carry somebody else's run, in undici 5 to 8. So each
 * callback enters the context of its own request.
 */
import type { EventEmitter } from 'node:events';
import { builtin } from '../../builtins.ts';
import type { Context, ContextStorage } from '../../context/storage.ts';
import { logFailure } from '../../log.ts';
import { createBoundEmitters } from '../bound-emitters.ts';
import { patchMethod, symbolOf, type Undo } from '../instrumentation.ts';
import { createStandIns, isStandIn, type StandIns } from './published.ts';

const CONTEXT = Symbol('trace-agent context');

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

/**
 * What of these a handler need not have, and the channel that is told as well (`onBodySent`: from undici 7 on): where
 * there is neither, nothing of the application's is called. Of its handler nothing but this is read.
 */
const OPTIONAL: Readonly<Record<string, string | null>> = {
  onBodySent: 'undici:request:bodyChunkSent',
  onRequestSent: 'undici:request:bodySent',
  onResponseStarted: null,
};

interface Request {
  [CONTEXT]?: Context;
}
type Arguments = [a?: unknown, b?: unknown, c?: unknown, d?: unknown];
type Callback = (this: Request, ...args: Arguments) => unknown;

export interface UndiciCallbacks {
  /** From now on what is bound of the class of `prototype` keeps to its context. */
  watch(prototype: object): void;
  /** `request` calls back in `context`; in none where it is `undefined`. */
  bind(request: object, context: Context | undefined): void;
  uninstall: Undo;
}

export function installUndiciCallbacks(contexts: ContextStorage): UndiciCallbacks {
  const undos: Undo[] = [];
  const sockets = createBoundEmitters(contexts);
  let standIns: StandIns | undefined;

  const wrap = (original: () => Callback): Callback => {
    function callInContext(this: Request): unknown {
      // biome-ignore lint/complexity/noArguments: passed on as they came
      return contexts.apply(this[CONTEXT], original(), this, arguments);
    }
    return function callback(this: Request) {
      const isElsewhere = this[CONTEXT] !== contexts.current();
      // V8 makes no object of `arguments` in a function that only passes them on like this.
      // biome-ignore lint/complexity/noArguments: passed on as they came
      return (isElsewhere ? callInContext : original()).apply(this, arguments as unknown as Arguments);
    };
  };

  function wrapOptional(name: string, channelName: string | null): (original: () => Callback) => Callback {
    const { channel } = builtin<typeof import('node:diagnostics_channel')>('diagnostics_channel');
    const published = channelName === null ? undefined : channel(channelName);
    let handlerKey: symbol | undefined;

    function mayBeHeard(request: Request): boolean {
      if (published?.hasSubscribers) return true;
      handlerKey ??= symbolOf(request, 'handler');
      const handler = handlerKey && (request as Record<symbol, Record<string, unknown> | null>)[handlerKey];
      return !handler || Boolean(handler[name]);
    }

    return (original) => {
      const wrapped = wrap(original);
      return function callback(this: Request, chunk) {
        let isHeardElsewhere = true;
        try {
          isHeardElsewhere = this[CONTEXT] !== contexts.current() && mayBeHeard(this);
        } catch (error) {
          logFailure('look for a callback', error);
        }
        return (isHeardElsewhere ? wrapped : original()).call(this, chunk);
      };
    };
  }

  function wrapperOf(name: string, method: Callback): (original: () => Callback) => Callback {
    const channelName = OPTIONAL[name];
    if (channelName !== undefined && isUndicis(method, name)) return wrapOptional(name, channelName);
    return UPGRADES.includes(name) ? wrapUpgrade : wrap;
  }

  /** A socket that was used before emits in the context of its first request: a `WebSocket` would answer in it. */
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
      if (typeof method === 'function') undos.push(patchMethod(methods, name, wrapperOf(name, method)));
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

/** Another's in its place may call anything. Its text names the handler, also in Node's and in most bundles. */
function isUndicis(method: Callback, name: string): boolean {
  return Function.prototype.toString.call(method).includes(`[kHandler].${name}`);
}

function isEmitter(value: unknown): value is EventEmitter {
  return typeof (value as EventEmitter | null | undefined)?.emit === 'function';
}
