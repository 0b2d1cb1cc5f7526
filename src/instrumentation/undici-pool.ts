/**
 * A bounded `Pool`, `Agent` or `BalancedPool` of undici 5 to 7 queues requests and sends a queued one when
 * another has ended, in that other one's context: 6 of 8 parallel requests over 2 connections would carry
 * somebody else's run. So `DispatcherBase.prototype.dispatch` notes the context of the first dispatch on a copy
 * of the options, and enters it again when the same options come out of the queue. undici 8 does not need it.
 *
 * The class is looked up when the first request of an undici that was not seen before passes the channel, which is
 * within its first `dispatch` and so before anything can have been queued: in the module cache, and for an undici
 * in a bundle among the ancestors of the global dispatcher, which it sets when it loads, unless Node's own did
 * before. Where neither finds it, the context of its requests is not to be trusted: no parent beats a wrong one.
 */
import { builtin } from '../builtins.ts';
import type { Context, ContextStorage } from '../context/storage.ts';
import { logFailure, logOnce } from '../log.ts';
import { patchMethod, type Undo } from './instrumentation.ts';

const CONTEXT = Symbol('trace-agent context');
/** A request that was made where there was no run must not take the run of whoever frees its connection. */
const NO_CONTEXT = Symbol('no context');
const GLOBAL_DISPATCHER = Symbol.for('undici.globalDispatcher.1');
const DISPATCHER_BASE = /[\\/]lib[\\/](?:dispatcher[\\/])?dispatcher-base\.js$/;

interface Options {
  [CONTEXT]?: Context | typeof NO_CONTEXT;
}
type Dispatch = (this: object, options: Options, handler: unknown) => boolean;
type Dispatcher = { dispatch: Dispatch };
type ModuleCache = Record<string, { exports?: unknown } | undefined>;

export interface UndiciPool {
  /** Looks at a request that passes the channel. @returns whether it is published in the context it was made in */
  watch(request: object): boolean;
  uninstall: Undo;
}

export function installUndiciPool(contexts: ContextStorage): UndiciPool {
  const undos: Undo[] = [];
  const patched = new WeakSet<object>();
  /** By the class of undici's requests: whether the context of all of them can be trusted. */
  const seen = new WeakMap<object, boolean>();
  /** Dispatches of patched classes that are on the stack. */
  let depth = 0;

  function wrapDispatch(original: () => Dispatch): Dispatch {
    return function dispatch(this: object, options: Options, handler: unknown): boolean {
      if (typeof options !== 'object' || options === null) return original().call(this, options, handler);
      const noted = options[CONTEXT];
      const current = contexts.current();
      depth++;
      try {
        if (noted === undefined) {
          // Not a spread: the build for Node 8 would make a slow one of it, and it loses what is inherited.
          const copy: Options = Object.assign(Object.create(Object.getPrototypeOf(options)), options);
          copy[CONTEXT] = current ?? NO_CONTEXT;
          return original().call(this, copy, handler);
        }
        const context = noted === NO_CONTEXT ? undefined : noted;
        if (context === current) return original().call(this, options, handler);
        return contexts.run(context, apply, original(), this, options, handler);
      } finally {
        depth--;
      }
    };
  }

  function patch(prototype: Dispatcher): void {
    if (patched.has(prototype)) return;
    patched.add(prototype);
    undos.push(patchMethod(prototype, 'dispatch', wrapDispatch));
  }

  /** @returns whether the undici that `requestClass` is of was found, and needs nothing more */
  function patchByModuleCache(requestClass: object): boolean {
    const { _cache: cache = {} } = builtin<{ _cache?: ModuleCache }>('module');
    let isFound = false;
    for (const path of Object.keys(cache)) {
      if (!DISPATCHER_BASE.test(path)) continue;
      const prototype = (cache[path]?.exports as { prototype?: Dispatcher } | undefined)?.prototype;
      if (typeof prototype?.dispatch !== 'function') continue;
      const root = path.replace(DISPATCHER_BASE, '');
      if (!keepsContext(root)) patch(prototype);
      const separator = path[root.length];
      const request = [root, 'lib', 'core', 'request.js'].join(separator);
      if (cache[request]?.exports === requestClass) isFound = true;
    }
    return isFound;
  }

  function patchGlobalDispatcher(): void {
    let prototype = (globalThis as { [GLOBAL_DISPATCHER]?: object })[GLOBAL_DISPATCHER];
    while (prototype != null && !Object.hasOwn(prototype, 'dispatch')) {
      prototype = Object.getPrototypeOf(prototype) as object | undefined;
    }
    if (prototype != null) patch(prototype as Dispatcher);
  }

  return {
    watch({ constructor: requestClass }) {
      const isTrusted = seen.get(requestClass);
      if (isTrusted === true || depth > 0) return true;
      if (isTrusted === false) {
        logOnce(
          'bundled undici',
          'warn',
          'the pools of an undici in a bundle cannot be followed: no trace is sent',
        );
        return false;
      }
      try {
        const isFound = isCalledByNode() || patchByModuleCache(requestClass);
        if (!isFound) patchGlobalDispatcher();
        seen.set(requestClass, isFound);
      } catch (error) {
        seen.set(requestClass, false);
        logFailure('patch undici', error);
      }
      // The first of all cannot have waited for another.
      return true;
    },
    uninstall() {
      for (const undo of undos) undo();
    },
  };
}

/** Whether the channel was published on by Node's own undici, whose pools have no bound. */
function isCalledByNode(): boolean {
  const { stack } = new Error();
  // An application's `Error.prepareStackTrace` may make anything of it.
  const lines = typeof stack === 'string' ? stack.split('\n') : [];
  const publish = lines.findIndex((line) => line.includes('node:diagnostics_channel'));
  return lines[publish + 1]?.includes('node:internal/') ?? false;
}

/** undici 8 on: a queued request is created, and so published, in the context it was made in. */
function keepsContext(root: string): boolean {
  const { createRequire } = builtin<typeof import('node:module')>('module');
  try {
    const { version } = createRequire(`${root}/`)('./package.json') as { version: string };
    return Number.parseInt(version, 10) >= 8;
  } catch {
    // Not readable (a permission model): the patch does no harm where it is not needed.
    return false;
  }
}

function apply(original: Dispatch, dispatcher: object, options: Options, handler: unknown): boolean {
  return original.call(dispatcher, options, handler);
}
