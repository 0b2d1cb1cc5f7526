/**
 * A client's request keeps the context in which it was made. The agent that pools its socket sends it, and calls back for
 * it, in the context of whoever opened or freed that socket. So the request enters its own context again at these places,
 * on the prototype of `ClientRequest` (Node 18 to 26):
 *
 * - `emit`, for all events of the request. Its response finds the same context by its `req` (`incoming-messages.ts`). A
 *   socket that `upgrade` hands over gets it too: it belongs to this request alone from then on. A socket of `connect` is
 *   not bound: a pool may keep it.
 * - `onSocket`, with which every agent hands the socket over: Node writes what has waited, and calls back for it, from
 *   there.
 */
import type { Context, ContextStorage } from '../../context/storage.ts';
import { logFailure } from '../../log.ts';
import { createBoundEmitters, createEmitWrapper } from '../bound-emitters.ts';
import { type Emit, type Entry, patchEmit, patchMethod, STAY, type Undo } from '../instrumentation.ts';
import type { IncomingMessages } from './incoming-messages.ts';

type OnSocket = (this: object, ...args: never[]) => void;
interface RequestPrototype {
  emit: Emit;
  onSocket: OnSocket;
}

export interface RequestContexts {
  /** Keeps the current context for a request that is being constructed. */
  keep(request: object): void;
  /** The context in which the request was made; `undefined` where there was none. */
  of(request: object): Context | undefined;
  uninstall: Undo;
}

export function createRequestContexts(
  prototype: RequestPrototype,
  contexts: ContextStorage,
  messages: IncomingMessages,
): RequestContexts {
  const { made } = messages;
  const upgraded = createBoundEmitters(contexts);
  const undos: Undo[] = [];
  let isWatching = false;
  let isActive = true;

  function entryOf(request: object, event?: string | symbol): Entry {
    const context = isActive ? made.of(request) : undefined;
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
      // biome-ignore lint/complexity/noArguments: passed on as they came
      const args = arguments as unknown as never[];
      if (context === STAY) original().apply(this, args);
      else contexts.apply(context, original(), this, args);
    };

  /** With the first request after a context was entered: until then every request is made in none. */
  function watch(): void {
    isWatching = true;
    messages.watch();
    undos.push(
      patchEmit(prototype, createEmitWrapper(contexts, entryOf)),
      patchMethod<RequestPrototype, OnSocket>(prototype, 'onSocket', wrapOnSocket),
    );
  }

  return {
    keep(request) {
      try {
        if (!contexts.isEntered()) return;
        if (!isWatching) watch();
        made.attach(request, contexts.current() ?? null);
      } catch (error) {
        logFailure('keep the context of a request', error);
      }
    },
    of: (request) => (isActive ? (made.of(request) ?? undefined) : undefined),
    uninstall() {
      isActive = false;
      for (const undo of undos.reverse()) undo();
      upgraded.uninstall();
    },
  };
}

function isEmitter(value: unknown): value is { emit: Emit } {
  return (
    typeof value === 'object' && value !== null && typeof (value as { emit?: unknown }).emit === 'function'
  );
}
