/**
 * Emitters that belong to one request alone: an HTTP message, a stream of HTTP/2, an upgraded socket. What they emit
 * comes from a context of their connection's: of who opened it, or ended it. So `emit`, on their prototypes, enters the
 * context of the request.
 */
import type { EventEmitter } from 'node:events';
import { builtin } from '../builtins.ts';
import type { Context, ContextStorage } from '../context/storage.ts';
import { type Attachment, createAttachment } from './fields.ts';
import { apply, type Emit, patchEmit, type Undo } from './instrumentation.ts';

/** `null`: none, of a request that came or was made where there was none. `undefined`: not bound. */
type Bound<T> = T | null | undefined;

export type WrapEmit = (original: () => Emit) => Emit;

/** One listener is the function itself. */
export type Listeners = ((...args: never[]) => unknown) | readonly unknown[] | undefined;

/**
 * What an emitter keeps its listeners in (`events.js`, Node 0.1 to 26). `listenerCount` is called where that is missing:
 * with eight events a request, each heard by nobody, the call is as much as the look.
 */
interface Emitter {
  readonly _events?: Readonly<Record<string | symbol, Listeners>>;
}

/**
 * @param boundOf what an emitter is bound to
 * @param isIn whether a context is that, or one within it
 * @param isNodesOwn whether the one `listener` of an event is Node's, and nothing of the application's comes of it
 */
export function createEmitWrapper<T extends Context>(
  contexts: ContextStorage,
  boundOf: (emitter: object) => Bound<T>,
  isIn: (current: Context | undefined, bound: T | undefined) => boolean,
  isNodesOwn?: (emitter: object, event: string | symbol, listener: Listeners) => boolean,
): WrapEmit {
  const { listenerCount } = builtin<typeof import('node:events')>('events').EventEmitter.prototype;

  /** Most events have no listener. An `error` may have others (`errorMonitor`). */
  function isHeard(emitter: object, event: string | symbol): boolean {
    const events = (emitter as Emitter)._events;
    if (typeof events !== 'object') return listenerCount.call(emitter as EventEmitter, event) > 0;
    const found = events[event];
    if (found === undefined) return event === 'error';
    return isNodesOwn === undefined || !isNodesOwn(emitter, event, found);
  }

  function isElsewhere(emitter: object): boolean {
    const bound = boundOf(emitter);
    return bound !== undefined && !isIn(contexts.current(), bound ?? undefined);
  }

  return (original) => {
    function emitInContext(this: object): boolean {
      // biome-ignore lint/complexity/noArguments: passed on as they came
      const args = arguments as unknown as Parameters<Emit>;
      return contexts.run(boundOf(this) ?? undefined, apply, original(), this, args);
    }
    return function emit(this: object, event) {
      // The eight events of a simple request are heard by nobody.
      const isLost = isHeard(this, event) && isElsewhere(this);
      // V8 makes no object of `arguments` in a function that only passes them on like this.
      // biome-ignore lint/complexity/noArguments: passed on as they came
      return (isLost ? emitInContext : original()).apply(this, arguments as unknown as Parameters<Emit>);
    };
  };
}

export interface BoundEmitters {
  /** From now on `emitter` emits in `context`; in none where it is `undefined`. */
  bind(emitter: object, context: Context | undefined): void;
  uninstall: Undo;
}

export function createBoundEmitters(contexts: ContextStorage): BoundEmitters {
  const undos: Undo[] = [];
  const patched = new WeakSet<object>();
  let bindings: Attachment<Context | null> | undefined;
  let wrapEmit: WrapEmit | undefined;
  let isActive = true;

  const boundOf = (emitter: object): Bound<Context> => (isActive ? bindings?.of(emitter) : undefined);
  const isIn = (current: Context | undefined, bound: Context | undefined): boolean => current === bound;

  return {
    bind(emitter, context) {
      const prototype = Object.getPrototypeOf(emitter) as { emit: Emit };
      if (!patched.has(prototype)) {
        patched.add(prototype);
        wrapEmit ??= createEmitWrapper(contexts, boundOf, isIn);
        undos.push(patchEmit(prototype, wrapEmit));
      }
      bindings ??= createAttachment();
      bindings.attach(emitter, context ?? null);
    },
    uninstall() {
      isActive = false;
      for (const undo of undos) undo();
    },
  };
}
