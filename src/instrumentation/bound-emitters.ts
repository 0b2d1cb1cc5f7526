/**
 * Binds emitters that belong to one request: an HTTP message, a stream of HTTP/2, an upgraded socket. Node emits their
 * events in a context of their connection. So `emit`, on their prototypes, enters the context of the request.
 */
import type { EventEmitter } from 'node:events';
import { builtin } from '../builtins.ts';
import type { Context, ContextStorage } from '../context/storage.ts';
import { type Attachment, createAttachment } from './fields.ts';
import { type Emit, type Entry, patchEmit, STAY, type Undo } from './instrumentation.ts';

export type WrapEmit = (original: () => Emit) => Emit;

/** `_events` is private. An emitter keeps its listeners there (`events.js`, Node 0.1 to 26). */
interface Emitter {
  readonly _events?: Readonly<Record<string | symbol, unknown>> | null;
}

/** @param entryOf returns the context in which an emitter emits an event. It must not throw */
export function createEmitWrapper(
  contexts: ContextStorage,
  entryOf: (emitter: object, event: string | symbol) => Entry,
): WrapEmit {
  const { EventEmitter: Class } = builtin<typeof import('node:events')>('events');
  const { listenerCount } = Class.prototype;
  const canLook = typeof (new Class() as Emitter)._events === 'object';

  /**
   * Whether the event has a listener. `error` always counts, because Node throws an `error` that has no listener, and
   * `errorMonitor` may have one. The private member is read because `listenerCount` costs as much as the rest of this
   * function, and most of the eight events of a request have no listener.
   */
  function isHeard(emitter: object, event: string | symbol): boolean {
    if (event === 'error') return true;
    if (!canLook) return listenerCount.call(emitter as EventEmitter, event) > 0;
    const events = (emitter as Emitter)._events;
    // Node's own `emit` throws if it is `null`.
    return events === null || events?.[event] !== undefined;
  }

  return (original) => {
    function emitInContext(this: object, event: string | symbol): boolean {
      const context = entryOf(this, event);
      // biome-ignore lint/complexity/noArguments: passed on as received
      const args = arguments as unknown as Parameters<Emit>;
      return context === STAY
        ? original().apply(this, args)
        : contexts.apply(context, original(), this, args);
    }
    return function emit(this: object, event) {
      const isElsewhere = isHeard(this, event) && entryOf(this, event) !== STAY;
      // V8 does not create the `arguments` object in a function that only passes it on like this.
      // biome-ignore lint/complexity/noArguments: passed on as received
      return (isElsewhere ? emitInContext : original()).apply(this, arguments as unknown as Parameters<Emit>);
    };
  };
}

export interface BoundEmitters {
  /** From now on, `emitter` emits in `context`, or in no context if it is `undefined`. */
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
