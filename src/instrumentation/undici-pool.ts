/**
 * A bounded `Pool`, `Agent` or `BalancedPool` of undici 5 to 7 queues requests and sends a queued one when
 * another has ended, in that other one's context: 6 of 8 parallel requests over 2 connections would carry
 * somebody else's run. So `DispatcherBase.prototype.dispatch` notes the context of the first dispatch on a copy
 * of the options, and enters it again when the same options come out of the queue. undici 8 does not need it.
 *
 * The class is looked up in the module cache when the first request of an undici that was not seen before passes
 * the channel, which is within its first `dispatch` and so before anything can have been queued. It serves the
 * global `fetch` too once an application has set a dispatcher of its own with `setGlobalDispatcher`.
 */
import { builtin } from '../builtins.ts';
import type { Context, ContextStorage } from '../context/storage.ts';
import { logFailure } from '../log.ts';
import { patchMethod, type Undo } from './instrumentation.ts';

const CONTEXT = Symbol('trace-agent context');
const MODULE = /[\\/]undici[\\/]lib[\\/](?:dispatcher[\\/])?dispatcher-base\.js$/;

interface Options {
  [CONTEXT]?: Context | typeof NO_CONTEXT;
}
/** A request that was made where there was no run must not take the run of whoever frees its connection. */
const NO_CONTEXT = Symbol('no context');

type Dispatch = (this: object, options: Options, handler: unknown) => boolean;
type DispatcherClass = { prototype: { dispatch: Dispatch } };

export interface UndiciPool {
  /** Looks at a request that passes the channel: is it of an undici that is not patched yet? */
  watch(request: object): void;
  uninstall: Undo;
}

export function installUndiciPool(contexts: ContextStorage): UndiciPool {
  const undos: Undo[] = [];
  const patched = new WeakSet<object>();
  const seenClasses = new WeakSet<object>();

  function wrapDispatch(original: () => Dispatch): Dispatch {
    return function dispatch(this: object, options: Options, handler: unknown): boolean {
      if (typeof options !== 'object' || options === null) return original().call(this, options, handler);
      const noted = options[CONTEXT];
      const current = contexts.current();
      if (noted === undefined) {
        // Not a spread: the build for Node 8 would make a slow one of it.
        const copy = Object.assign({}, options);
        copy[CONTEXT] = current ?? NO_CONTEXT;
        return original().call(this, copy, handler);
      }
      const context = noted === NO_CONTEXT ? undefined : noted;
      if (context === current) return original().call(this, options, handler);
      return contexts.run(context, apply, original(), this, options, handler);
    };
  }

  function patchAll(): void {
    const { _cache: cache } = builtin<{ _cache?: Record<string, { exports?: DispatcherClass }> }>('module');
    for (const path of Object.keys(cache ?? {})) {
      if (!MODULE.test(path)) continue;
      const prototype = cache?.[path]?.exports?.prototype;
      if (typeof prototype?.dispatch !== 'function' || patched.has(prototype)) continue;
      if (keepsContext(path)) continue;
      patched.add(prototype);
      undos.push(patchMethod(prototype, 'dispatch', wrapDispatch));
    }
  }

  return {
    watch(request) {
      const requestClass = request.constructor;
      if (seenClasses.has(requestClass)) return;
      seenClasses.add(requestClass);
      try {
        patchAll();
      } catch (error) {
        logFailure('patch undici', error);
      }
    },
    uninstall() {
      for (const undo of undos) undo();
    },
  };
}

/** undici 8 on: a queued request is created, and so published, in the context it was made in. */
function keepsContext(path: string): boolean {
  const { createRequire } = builtin<typeof import('node:module')>('module');
  try {
    const { version } = createRequire(path)('undici/package.json') as { version: string };
    return Number.parseInt(version, 10) >= 8;
  } catch {
    // Not readable (a permission model, a bundle's copy): the patch does no harm where it is not needed.
    return false;
  }
}

function apply(original: Dispatch, dispatcher: object, options: Options, handler: unknown): boolean {
  return original.call(dispatcher, options, handler);
}
