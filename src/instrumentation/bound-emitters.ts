/**
 * Emitters that belong to one request alone: an HTTP message, a stream of HTTP/2, an upgraded socket. What they emit
 * comes from a context of their connection's: of who opened it, or ended it. So `emit`, on their prototypes, enters the
 * context of the request.
 */
import type { EventEmitter } from 'node:events';
import { builtin } from '../builtins.ts';
import type { Context, ContextStorage } from '../context/storage.ts';
import { type Attachment, createAttachment } from './fields.ts';
import { type Emit, type Entry, patchEmit, STAY, type Undo } from './instrumentation.ts';

export type WrapEmit = (original: () => Emit) => Emit;

/** One listener is the function itself; `undefined`: none. */
export type Listeners = ((...args: never[]) => unknown) | readonly unknown[] | undefined;

/** What an emitter keeps its listeners in (`events.js`, Node 0.1 to 26). */
interface Emitter {
  readonly _events?: Readonly<Record<string | symbol, Listeners>> | null;
}

/** Whether the one `listener` of an event is Node's own, and nothing of the application's comes of it. */
export type IsNodesOwn = (event: string | symbol, listener: Listeners) => boolean;

/** @param entryOf the context that an emitter emits an event in. It must not throw */
export function createEmitWrapper(
  contexts: ContextStorage,
  entryOf: (emitter: object, event: string | symbol) => Entry,
  isNodesOwn?: IsNodesOwn,
): WrapEmit {
  const { EventEmitter: Class } = builtin<typeof import('node:events')>('events');
  const { listenerCount } = Class.prototype;
  const canLook = typeof (new Class() as Emitter)._events === 'object';

  /** A call of `listenerCount` for each of the eight events of a request, most heard by nobody, costs as much as the rest. */
  function listenersOf(emitter: object, event: string | symbol): Listeners {
    if (canLook) {
      const events = (emitter as Emitter)._events;
      // Node's `emit` throws at `null`, and shall.
      return events === null ? [] : events?.[event];
    }
    return listenerCount.call(emitter as EventEmitter, event) > 0 ? [] : undefined;
  }

  return (original) => {
    function emitInContext(this: object, event: string | symbol): boolean {
      const context = entryOf(this, event);
      // biome-ignore lint/complexity/noArguments: passed on as they came
      const args = arguments as unknown as Parameters<Emit>;
      return context === STAY
        ? original().apply(this, args)
        : contexts.apply(context, original(), this, args);
    }
    return function emit(this: object, event) {
      const emitted = original();
      const listeners = listenersOf(this, event);
      // An `error` that nobody hears is thrown, and may have others (`errorMonitor`).
      const isHeard = listeners !== undefined || event === 'error';
      const isElsewhere = isHeard && entryOf(this, event) !== STAY && !isNodesOwn?.(event, listeners);
      // V8 makes no object of `arguments` in a function that only passes them on like this.
      // biome-ignore lint/complexity/noArguments: passed on as they came
      return (isElsewhere ? emitInContext : emitted).apply(this, arguments as unknown as Parameters<Emit>);
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

  function entryOf(emitter: object): Entry {
    const bound = isActive ? bindings?.of(emitter) : undefined;
    return bound === undefined || contexts.current() === (bound ?? undefined) ? STAY : (bound ?? undefined);
  }

  return {
    bind(emitter, context) {
      const prototype = Object.getPrototypeOf(emitter) as { emit: Emit };
      if (!patched.has(prototype)) {
        patched.add(prototype);
        wrapEmit ??= createEmitWrapper(contexts, entryOf);
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
