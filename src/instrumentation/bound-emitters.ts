/**
 * What belongs to one request alone, as a stream of HTTP/2 or an upgraded socket, emits in a context of its
 * connection's: of who opened it, or ended it. So `emit`, on the prototypes of those that are bound, enters the
 * context of the request.
 */
import type { Context, ContextStorage } from '../context/storage.ts';
import { type Attachment, createAttachment } from './fields.ts';
import { apply, patchMethod, type Undo } from './instrumentation.ts';

type Emit = (this: object, ...args: unknown[]) => unknown;

export interface BoundEmitters {
  /** From now on `emitter` emits in `context`; in none where it is `undefined`. */
  bind(emitter: object, context: Context | undefined): void;
  uninstall: Undo;
}

export function createBoundEmitters(contexts: ContextStorage): BoundEmitters {
  const undos: Undo[] = [];
  const patched = new WeakSet<object>();
  /** `null`: of a request that was made where there was no context. */
  let bindings: Attachment<Context | null> | undefined;
  let isActive = true;

  const wrapEmit = (original: () => Emit): Emit =>
    function emit(this: object) {
      const bound = bindings?.of(this);
      // biome-ignore lint/complexity/noArguments: passed on as they came, without an array for each call
      const args = arguments as unknown as unknown[];
      const context = bound ?? undefined;
      return !isActive || bound === undefined || context === contexts.current()
        ? original().apply(this, args)
        : contexts.run(context, apply, original(), this, args);
    };

  return {
    bind(emitter, context) {
      const prototype = Object.getPrototypeOf(emitter) as { emit: Emit };
      if (!patched.has(prototype)) {
        patched.add(prototype);
        undos.push(patchMethod(prototype, 'emit', wrapEmit));
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
