/**
 * A bounded `Pool`, `Agent` or `BalancedPool` of undici 5 to 7 queues requests and sends a queued one when
 * another has ended, in that other one's context: 6 of 8 parallel requests over 2 connections would carry
 * somebody else's run. So the queue (`fixed-queue.js`) notes the context of what is put into it, and
 * `DispatcherBase.prototype.dispatch`, which the pool calls with what it has just taken out (`pool-base.js`,
 * `kOnDrain`), enters it again. Options and handler stay as they are. undici 8 does not need it.
 *
 * The classes are looked up when the agent starts where an undici is loaded by then, and when the first request of one
 * that was not seen before passes the channel, which is within its first `dispatch` and so before anything can have been queued: in the module
 * cache, and for Node's own and for one in a bundle from the global dispatcher, which the first of them sets. Where
 * neither finds them, the context of its requests is not to be trusted: no parent beats a wrong one.
 */
import { moduleClass } from '../../builtins.ts';
import type { Context, ContextStorage } from '../../context/storage.ts';
import { logFailure, logOnce } from '../../log.ts';
import { memberOf, patchMethod, type Undo } from '../instrumentation.ts';
import { stackHere } from '../stack.ts';

const GLOBAL_DISPATCHER = Symbol.for('undici.globalDispatcher.1');
const DISPATCHER_BASE = /[\\/]lib[\\/](?:dispatcher[\\/])?dispatcher-base\.js$/;
/** undici 6 and 7; undici 5. */
const FIXED_QUEUE = [
  ['lib', 'dispatcher', 'fixed-queue.js'],
  ['lib', 'node', 'fixed-queue.js'],
];

/** What a pool queues. undici's WebSocket queues other things in the same class. */
interface Item {
  readonly opts: unknown;
  readonly handler: unknown;
}
type Dispatch = (this: object, options: unknown, handler: unknown) => boolean;
type Dispatcher = { dispatch: Dispatch };
type Queue = { push(item: unknown): unknown; shift(): unknown };
type ModuleCache = Record<string, { exports?: unknown } | undefined>;

export interface UndiciPool {
  /** Whether a request that passes the channel does so in the context in which it was made. */
  isInItsContext(request: object): boolean;
  uninstall: Undo;
}

export function installUndiciPool(contexts: ContextStorage): UndiciPool {
  const undos: Undo[] = [];
  const patched = new WeakSet<object>();
  /** By the class of undici's requests: whether its pools are followed, or need not be. */
  const seen = new WeakMap<object, boolean>();
  /** The contexts of what waits; what was queued where there was no run has none. */
  const waiting = new WeakMap<Item, Context>();
  /** Of most processes it is the only one, and that need not be hashed. */
  let lastClass: object | undefined;
  let isLastFollowed = false;
  /** What a pool has taken out of its queue and is about to dispatch. */
  let taken: Item | undefined;
  /** Dispatches of patched classes that are on the stack. */
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
        // A client of the application's own making may pass on something else: then nobody knows whose it is.
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

  /** @returns whether the undici that `requestClass` is of was found, and needs nothing more */
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

  /** Its pools are the ones that a request can wait in where nothing else is known of an undici. */
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
      // undici 8, wherever it is: a queued request is created, and so published, in its own context.
      if ('onRequestStart' in requestClass.prototype || patchByModuleCache(requestClass)) return true;
      patchGlobalDispatcher();
      // Node's own pools have no bound, but for an agent that is made of the global dispatcher's class.
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
          // The first of all cannot have waited for another.
          return true;
        }
      }
      if (isLastFollowed || depth > 0) return true;
      const why = 'the pools of an undici in a bundle cannot be followed: no trace is sent';
      logOnce('bundled undici', 'warn', why);
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

/** The prototype of a pool's queue (`lib/core/symbols.js`): of a dispatcher that is a pool, or of the pool that an `Agent` makes. */
function queueClassOf(dispatcher: object): Queue | undefined {
  const queue = memberOf(dispatcher, 'queue');
  if (queue !== undefined) return Array.isArray(queue) ? undefined : (Object.getPrototypeOf(queue) as Queue);
  if (memberOf(dispatcher, 'factory') === undefined) return undefined;
  // One of its own, with the default factory: the application's is not to be called. It opens no connection.
  const agent = new (dispatcher.constructor as new () => object)();
  const factory = memberOf(agent, 'factory') as (origin: string, options: object) => object;
  return queueClassOf(factory('http://localhost', {}));
}

/** Whether the channel was published on by Node's own undici. */
function isCalledByNode(): boolean {
  const lines = stackHere(10).split('\n');
  const publish = lines.findIndex((line) => line.includes('node:diagnostics_channel'));
  return lines[publish + 1]?.includes('node:internal/') ?? false;
}

/** undici 8 on: a queued request is created, and so published, in the context it was made in. */
function keepsContext(root: string): boolean {
  const { createRequire } = moduleClass();
  try {
    const { version } = createRequire(`${root}/`)('./package.json') as { version: string };
    return Number.parseInt(version, 10) >= 8;
  } catch {
    // Not readable (a permission model): the patch does no harm where it is not needed.
    return false;
  }
}
