/**
 * Keeps the context in which a client's request was made. The agent that pools its socket sends the request, and calls
 * back for it, in the context in which that socket was opened or freed. So the request enters its own context again at
 * these places on the prototype of `ClientRequest` (Node 18 to 26):
 *
 * - `emit`, for all events of the request. Its response finds the same context by its `req` (`incoming-messages.ts`). A
 *   socket that `upgrade` hands over is bound to it too, because the socket belongs to this request alone from then on.
 *   A socket of `connect` is not bound, because a pool may keep it.
 * - `onSocket`, by which every agent hands the socket over. Node writes the data that has waited from there.
 * - `_writeRaw` (private), which every write passes with its callback. A socket that is still connecting writes, and
 *   calls back, in a context of its own.
 */
import type { Context, ContextStorage } from '../../context/storage.ts';
import { logFailure } from '../../log.ts';
import { createBoundEmitters, createEmitWrapper } from '../bound-emitters.ts';
import { createAttachment } from '../fields.ts';
import { type Emit, type Entry, patchEmit, patchMethod, STAY, type Undo } from '../instrumentation.ts';
import type { IncomingMessages } from './incoming-messages.ts';

type OnSocket = (this: object, ...args: never[]) => void;
type Callback = (this: unknown, ...args: never[]) => unknown;
type WriteRaw = (this: object, data: unknown, encoding: unknown, callback: unknown, size: unknown) => boolean;
interface RequestPrototype {
  emit: Emit;
  onSocket: OnSocket;
  _writeRaw: WriteRaw;
}

export interface RequestContexts {
  /** Keeps the current context for a request that is being constructed. */
  keep(request: object): void;
  /** The context in which the request was made; `undefined` if there was none. */
  of(request: object): Context | undefined;
  uninstall: Undo;
}

export function createRequestContexts(
  prototype: RequestPrototype,
  contexts: ContextStorage,
  messages: IncomingMessages,
): RequestContexts {
  /** `null` for a request that was made in no context. */
  const kept = createAttachment<Context | null>();
  const upgraded = createBoundEmitters(contexts);
  const undos: Undo[] = [];
  let isWatching = false;
  let isActive = true;

  /** `null` if the request was made in no context; `undefined` if that is not known. */
  function contextOf(request: object): Context | null | undefined {
    if (!isActive) return undefined;
    return kept.of(request) ?? (isConstructed(request) ? null : undefined);
  }

  function entryOf(request: object, event?: string | symbol): Entry {
    const context = contextOf(request);
    if (context === undefined) return STAY;
    if (event === 'upgrade') bindSocketOf(request, context ?? undefined);
    return contexts.current() === (context ?? undefined) ? STAY : (context ?? undefined);
  }

  function bindSocketOf(request: { readonly socket?: unknown }, context: Context | undefined): void {
    try {
      const { socket } = request;
      if (isEmitter(socket)) upgraded.bind(socket, context);
    } catch (error) {
      logFailure('bind an upgraded socket', error);
    }
  }

  const wrapOnSocket = (original: () => OnSocket): OnSocket =>
    function onSocket(this: object) {
      const context = entryOf(this);
      // biome-ignore lint/complexity/noArguments: passed on as received
      const args = arguments as unknown as never[];
      if (context === STAY) original().apply(this, args);
      else contexts.apply(context, original(), this, args);
    };

  const wrapWriteRaw = (original: () => WriteRaw): WriteRaw =>
    function _writeRaw(this: object, data, encoding, callback, size) {
      const context = isActive && typeof callback === 'function' ? kept.of(this) : undefined;
      const bound = context ? bindCallback(callback as Callback, context) : callback;
      return original().call(this, data, encoding, bound, size);
    };

  function bindCallback(callback: Callback, context: Context): Callback {
    return function onWritten(this: unknown) {
      // biome-ignore lint/complexity/noArguments: passed on as received
      return contexts.apply(isActive ? context : contexts.current(), callback, this, arguments);
    };
  }

  /**
   * Patches the prototype at the first request after a context was entered. Every request before that was made in no
   * context.
   */
  function watch(): void {
    isWatching = true;
    messages.bindResponses(contextOf);
    undos.push(
      patchEmit(prototype, createEmitWrapper(contexts, entryOf)),
      patchMethod<RequestPrototype, OnSocket>(prototype, 'onSocket', wrapOnSocket),
      patchMethod<RequestPrototype, WriteRaw>(prototype, '_writeRaw', wrapWriteRaw),
    );
  }

  return {
    keep(request) {
      try {
        if (!contexts.isEntered()) return;
        if (!isWatching) watch();
        kept.attach(request, contexts.current() ?? null);
      } catch (error) {
        logFailure('keep the context of a request', error);
      }
    },
    of: (request) => (isActive ? (kept.of(request) ?? undefined) : undefined),
    uninstall() {
      isActive = false;
      for (const undo of undos.reverse()) undo();
      upgraded.uninstall();
    },
  };
}

/** Whether Node has constructed the request. If it has and no context is kept, no context had been entered by then. */
function isConstructed(request: object): boolean {
  try {
    return Object.hasOwn(request, 'reusedSocket');
  } catch {
    // The request is a proxy of the application.
    return false;
  }
}

function isEmitter(value: unknown): value is { emit: Emit } {
  return (
    typeof value === 'object' && value !== null && typeof (value as { emit?: unknown }).emit === 'function'
  );
}
