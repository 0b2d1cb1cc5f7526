/**
 * What belongs to one request alone, as a stream of HTTP/2 or an upgraded socket, emits in a context of its
 * connection's: of who opened it, or ended it. So `emit`, on the prototypes of those that are bound, enters the
 * context of the request.
 */
import type { Context, ContextStorage } from '../context/storage.ts';
import { apply, patchMethod, type Undo } from './instrumentation.ts';

const CONTEXT = Symbol('trace-agent context of events');

interface Bound {
  /** `null`: of a request that was made where there was no context. */
  [CONTEXT]?: Context | null;
}
type Emit = (this: Bound, ...args: unknown[]) => unknown;

export interface BoundEmitters {
  /** From now on `emitter` emits in `context`; in none where it is `undefined`. */
  bind(emitter: object, context: Context | undefined): void;
  uninstall: Undo;
}

export function createBoundEmitters(contexts: ContextStorage): BoundEmitters {
  const undos: Undo[] = [];
  const patched = new WeakSet<object>();
  let isActive = true;

  const wrapEmit = (original: () => Emit): Emit =>
    function emit(this: Bound) {
      const bound = this[CONTEXT];
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
      // Not enumerable: whoever copies or prints it does not meet it.
      Object.defineProperty(emitter, CONTEXT, { value: context ?? null, configurable: true });
    },
    uninstall() {
      isActive = false;
      for (const undo of undos) undo();
    },
  };
}
