/**
 * Restores the context of queued requests. A bounded `Pool`, `Agent` or `BalancedPool` of undici 5 to 7 queues requests
 * and sends a queued request when another has ended, in the context of that other request. With 8 parallel requests
 * over 2 connections, 6 would carry a wrong run. So the queue (`fixed-queue.js`) records the context of each item that
 * is added. The pool calls `DispatcherBase.prototype.dispatch` with the item that it has just removed (`pool-base.js`,
 * `kOnDrain`), and `dispatch` enters the recorded context again. Options and handler are not changed. undici 8 does not
 * need this.
 *
 * The classes are looked up when the agent starts, if an undici is loaded by then. They are looked up again when the
 * first request of an unknown undici is published on the channel. That happens inside its first `dispatch`, before
 * anything can have been queued. They are looked up in the module cache. For Node's own undici and for one in a bundle
 * they are found from the global dispatcher, which the first undici sets. If neither finds them, the context of the
 * requests is not reliable, so they are sent without a trace.
 */
import { moduleClass } from '../../builtins.ts';
import type { Context, ContextStorage } from '../../context/storage.ts';
import { logFailure, logOnce } from '../../log.ts';
import { memberOf, patchMethod, type Undo } from '../instrumentation.ts';
import { stackHere } from '../stack.ts';

const GLOBAL_DISPATCHER = Symbol.for('undici.globalDispatcher.1');
const NOT_FOLLOWED =
  'requests of this bundled undici are sent without a trace, because its queue cannot be followed: ' +
  "set external: ['undici'] in the options of the bundler";
const DISPATCHER_BASE = /[\\/]lib[\\/](?:dispatcher[\\/])?dispatcher-base\.js$/;
/** The paths of undici 6 and 7, and of undici 5. */
const FIXED_QUEUE = [
  ['lib', 'dispatcher', 'fixed-queue.js'],
  ['lib', 'node', 'fixed-queue.js'],
];

/** An item in the queue of a pool. undici's WebSocket queues other objects in the same class. */
interface Item {
  readonly opts: unknown;
  readonly handler: unknown;
}
type Dispatch = (this: object, options: unknown, handler: unknown) => boolean;
type Dispatcher = { dispatch: Dispatch };
type Queue = { push(item: unknown): unknown; shift(): unknown };
type ModuleCache = Record<string, { exports?: unknown } | undefined>;

export interface UndiciPool {
  /** Whether a request that is published on the channel is in the context in which it was made. */
  isInItsContext(request: object): boolean;
  uninstall: Undo;
}

export function installUndiciPool(contexts: ContextStorage): UndiciPool {
  const undos: Undo[] = [];
  const patched = new WeakSet<object>();
  /** Whether the pools of a class of undici's requests are followed, or need not be followed. */
  const seen = new WeakMap<object, boolean>();
  /** The contexts of queued items. An item that was queued in no context has no entry. */
  const waiting = new WeakMap<Item, Context>();
  /** The class of the last request. Most processes have only one, and comparing it needs no hash. */
  let lastClass: object | undefined;
  let isLastFollowed = false;
  /** The item that a pool has removed from its queue and is about to dispatch. */
  let taken: Item | undefined;
  /** The number of dispatches of patched classes that are on the stack. */
  let depth = 0;

  const wrapPush = (original: () => Queue['push']): Queue['push'] =>
    function push(this: Queue, item) {
      const context = contexts.current();
      if (context !== undefined && isItem(item)) waiting.set(item, context);
      return original().call(this, item);
    };

  const wrapShift = (original: () => Queue['shift']): Queue['shift'] =>
    function shift(this: Queue) {
      const item = original().call(this);
      taken = isItem(item) ? item : undefined;
      return item;
    };

  const wrapDispatch = (original: () => Dispatch): Dispatch =>
    function dispatch(this: object, options, handler) {
      const item = taken;
      taken = undefined;
      depth++;
      try {
        if (item === undefined) return original().call(this, options, handler);
        // A custom client of the application may dispatch another item. Then its context is unknown.
        const isIt = item.handler === handler || item.opts === options;
        const context = isIt ? waiting.get(item) : undefined;
        if (context === contexts.current()) return original().call(this, options, handler);
        return contexts.apply(context, original(), this, [options, handler]);
      } finally {
        depth--;
      }
    };

  /** @returns whether the pools of this undici are followed */
  function patch(base: Dispatcher | undefined, queue: Queue | undefined): boolean {
    if (typeof base?.dispatch !== 'function' || typeof queue?.push !== 'function') return false;
    if (patched.has(base)) return true;
    patched.add(base);
    undos.push(
      patchMethod(queue, 'push', wrapPush),
      patchMethod(queue, 'shift', wrapShift),
      patchMethod(base, 'dispatch', wrapDispatch),
    );
    return true;
  }

  /** @returns whether the undici of `requestClass` was found, and needs no further patch */
  function patchByModuleCache(requestClass?: object): boolean {
    const { _cache: cache = {} } = moduleClass<{ _cache?: ModuleCache }>();
    let isFound = false;
    for (const path of Object.keys(cache)) {
      if (!DISPATCHER_BASE.test(path)) continue;
      const root = path.replace(DISPATCHER_BASE, '');
      const separator = path[root.length] as string;
      const exported = (file: readonly string[]) => cache[[root, ...file].join(separator)]?.exports;
      const prototypeOf = (found: unknown) => (found as { prototype?: unknown } | undefined)?.prototype;
      const queue = FIXED_QUEUE.map((file) => prototypeOf(exported(file))).find(Boolean);
      const isFollowed =
        keepsContext(root) || patch(prototypeOf(cache[path]?.exports) as Dispatcher, queue as Queue);
      const request = exported(['lib', 'core', 'request.js']);
      if (isFollowed && request !== undefined && request === requestClass) isFound = true;
    }
    return isFound;
  }

  /**
   * Patches the classes of the global dispatcher. If an undici is not found in the module cache, its requests can only
   * wait in the pools of that dispatcher.
   */
  function patchGlobalDispatcher(): void {
    const dispatcher = (globalThis as { [GLOBAL_DISPATCHER]?: object })[GLOBAL_DISPATCHER];
    let base = dispatcher;
    while (base != null && !Object.hasOwn(base, 'dispatch')) {
      base = Object.getPrototypeOf(base) as object | undefined;
    }
    if (dispatcher != null) patch(base as Dispatcher | undefined, queueClassOf(dispatcher));
  }

  function find(requestClass: { prototype: object }): boolean {
    try {
      // undici 8, wherever it is loaded from, creates and publishes a queued request in its own context.
      if ('onRequestStart' in requestClass.prototype || patchByModuleCache(requestClass)) return true;
      patchGlobalDispatcher();
      // Node's own pools have no bound, except those of an agent that is made from the class of the global dispatcher.
      return isCalledByNode();
    } catch (error) {
      logFailure('patch undici', error);
      return false;
    }
  }

  try {
    patchByModuleCache();
  } catch (error) {
    logFailure('patch undici', error);
  }

  return {
    isInItsContext({ constructor: requestClass }) {
      if (requestClass !== lastClass) {
        const known = seen.get(requestClass);
        lastClass = requestClass;
        isLastFollowed = known ?? find(requestClass as unknown as { prototype: object });
        if (known === undefined) {
          seen.set(requestClass, isLastFollowed);
          // The first request of this undici cannot have waited for another.
          return true;
        }
      }
      if (isLastFollowed || depth > 0) return true;
      logOnce('bundled undici', 'warn', NOT_FOLLOWED);
      return false;
    },
    uninstall() {
      for (const undo of undos) undo();
    },
  };
}

function isItem(value: unknown): value is Item {
  return typeof value === 'object' && value !== null && 'opts' in value && 'handler' in value;
}

/**
 * The prototype of a pool's queue (`lib/core/symbols.js`): of a dispatcher that is a pool, or of the pool that an
 * `Agent` makes.
 */
function queueClassOf(dispatcher: object): Queue | undefined {
  const queue = memberOf(dispatcher, 'queue');
  if (queue !== undefined) return Array.isArray(queue) ? undefined : (Object.getPrototypeOf(queue) as Queue);
  if (memberOf(dispatcher, 'factory') === undefined) return undefined;
  // A new agent with the default factory is made, because the factory of the application must not be called. It opens
  // no connection.
  const agent = new (dispatcher.constructor as new () => object)();
  const factory = memberOf(agent, 'factory') as (origin: string, options: object) => object;
  return queueClassOf(factory('http://localhost', {}));
}

/** Whether Node's own undici published on the channel. */
function isCalledByNode(): boolean {
  const lines = stackHere(10).split('\n');
  const publish = lines.findIndex((line) => line.includes('node:diagnostics_channel'));
  return lines[publish + 1]?.includes('node:internal/') ?? false;
}

/** From undici 8 on, a queued request is created and published in the context in which it was made. */
function keepsContext(root: string): boolean {
  const { createRequire } = moduleClass();
  try {
    const { version } = createRequire(`${root}/`)('./package.json') as { version: string };
    return Number.parseInt(version, 10) >= 8;
  } catch {
    // The manifest cannot be read, for example under the permission model. The patch does no harm if it is not needed.
    return false;
  }
}
