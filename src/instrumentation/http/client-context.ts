/**
 * A client's request keeps the context in which it was made. The agent that pools its socket sends it, and calls back for
 * it, in the context of whoever opened or freed that socket. So the request enters its own context again at these places,
 * on the prototype of `ClientRequest` (Node 18 to 26):
 *
 * - `emit`, for all events of the request. The response gets the same context, and so does a socket that is handed over
 *   by `upgrade`: it belongs to this request alone from then on. A socket of `connect` is not bound: a pool may keep it.
 * - `onSocket`, with which every agent hands the socket over: Node writes what has waited, and calls back for it, from
 *   there.
 */
import type { Context, ContextStorage } from '../../context/storage.ts';
import { logFailure } from '../../log.ts';
import { createBoundEmitters, createEmitWrapper } from '../bound-emitters.ts';
import { createAttachment } from '../fields.ts';
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
  /** `null`: made in no context. */
  const kept = createAttachment<Context | null>();
  const upgraded = createBoundEmitters(contexts);
  const undos: Undo[] = [];
  let isWatching = false;
  let isActive = true;

  function entryOf(request: object): Entry {
    const context = isActive ? kept.of(request) : undefined;
    return context === undefined || contexts.current() === (context ?? undefined)
      ? STAY
      : (context ?? undefined);
  }

  /** Before the listeners of `event` run: gives the request's context to what they are handed. */
  function handOver(request: object, event: string | symbol, response: unknown, socket: unknown): void {
    try {
      const context = isActive ? kept.of(request) : undefined;
      if (context === undefined) return;
      if (isObject(response)) messages.origins.attach(response, context);
      if (event === 'upgrade' && isEmitter(socket)) upgraded.bind(socket, context ?? undefined);
    } catch (error) {
      logFailure('bind a response', error);
    }
  }

  const wrapEmit = (original: () => Emit): Emit => {
    const emitInContext = createEmitWrapper(contexts, entryOf)(original);
    return function emit(this: object, event, response, socket) {
      if (event === 'response' || event === 'upgrade') handOver(this, event, response, socket);
      // biome-ignore lint/complexity/noArguments: passed on as they came
      return emitInContext.apply(this, arguments as unknown as Parameters<Emit>);
    };
  };

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
      patchEmit(prototype, wrapEmit),
      patchMethod<RequestPrototype, OnSocket>(prototype, 'onSocket', wrapOnSocket),
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

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isEmitter(value: unknown): value is { emit: Emit } {
  return isObject(value) && typeof (value as { emit?: unknown }).emit === 'function';
}
