/**
 * Patches `emit` of `IncomingMessage`. Node uses this one class for requests that a server receives and for responses
 * that a client receives.
 */
import { builtin } from '../../builtins.ts';
import type { Inbound } from '../../context/remote-run.ts';
import { type Context, type ContextStorage, inboundOf } from '../../context/storage.ts';
import { createEmitWrapper } from '../bound-emitters.ts';
import { type Attachment, createAttachment } from '../fields.ts';
import { type Emit, type Entry, patchEmit, STAY, type Undo } from '../instrumentation.ts';

type OriginOf = (request: object) => Context | null | undefined;

export interface IncomingMessages {
  /** The trace that a server's request arrived with; `null` for a request without one, so that it gets no other. */
  readonly inbounds: Attachment<Inbound | null>;
  /** Makes responses emit in the context that `originOf` returns for their request. `null` means no context. */
  bindResponses(originOf: OriginOf): void;
  /** Patches the class once. node:http must be loaded. */
  watch(): void;
  uninstall: Undo;
}

export function createIncomingMessages(contexts: ContextStorage): IncomingMessages {
  const inbounds = createAttachment<Inbound | null>();
  let originOfRequest: OriginOf | undefined;
  let undo: Undo | undefined;
  let isActive = true;

  function entryOf(message: object): Entry {
    if (!isActive) return STAY;
    const inbound = inbounds.of(message);
    // A handler may read its request in a run of its own, which is within the context of the request.
    if (inbound !== undefined) {
      return inboundOf(contexts.current()) === (inbound ?? undefined) ? STAY : (inbound ?? undefined);
    }
    const request = (message as { readonly req?: unknown }).req;
    const origin = typeof request === 'object' && request !== null ? originOfRequest?.(request) : undefined;
    return origin === undefined || contexts.current() === (origin ?? undefined)
      ? STAY
      : (origin ?? undefined);
  }

  function watch(): void {
    if (undo !== undefined) return;
    const { IncomingMessage } = builtin<typeof import('node:http')>('http');
    undo = patchEmit(
      IncomingMessage.prototype as unknown as { emit: Emit },
      createEmitWrapper(contexts, entryOf),
    );
  }

  return {
    inbounds,
    watch,
    bindResponses(originOf) {
      originOfRequest = originOf;
      watch();
    },
    uninstall() {
      isActive = false;
      undo?.();
    },
  };
}
