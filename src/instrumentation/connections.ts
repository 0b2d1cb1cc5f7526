/**
 * A connection outlives the request that opened it: a database's, a subscriber's, one that an agent keeps alive. Node calls
 * back for a socket in the context in which its handle was made and its connect was asked for. So these two are done in a
 * detached context (`net.js` and `_tls_wrap.js`, Node 18 to 26):
 *
 * - `net.Socket.prototype.connect` makes the handle, looks the name up and connects. `net.connect`, `tls.connect`,
 *   `http2.connect` and all agents pass through it.
 * - `TLSSocket.prototype._wrapHandle` (private) makes the handles of TLS before that, also over an existing socket
 *   (STARTTLS, tunnels).
 */
import type { Socket } from 'node:net';
import { builtin } from '../builtins.ts';
import { type ContextStorage, detachedOf } from '../context/storage.ts';
import { logFailure } from '../log.ts';
import { onFirstUse, TLS_SOCKET } from './first-use.ts';
import { type Entry, patchMethod, STAY, type Undo } from './instrumentation.ts';

type Method = (this: object, ...args: never[]) => unknown;
type Opener<N extends string> = Record<N, Method>;
/** `_tlsOptions` is private; it says which side of the connection the socket is on. */
interface AnySocket {
  readonly _tlsOptions?: { readonly isServer?: boolean };
}

/** Installs both. It loads node:net, but not node:tls. */
export function watchConnections(contexts: ContextStorage): Undo {
  function contextFor(socket: AnySocket): Entry {
    try {
      const current = contexts.current();
      // A server's socket is not opened by whoever is current.
      if (current === undefined || socket._tlsOptions?.isServer) return STAY;
      const detached = detachedOf(current);
      return detached === current ? STAY : detached;
    } catch (error) {
      logFailure('open a connection', error);
      return STAY;
    }
  }

  const wrap = (original: () => Method): Method =>
    function open(this: object) {
      const context = contextFor(this as AnySocket);
      // biome-ignore lint/complexity/noArguments: passed on as they came
      const args = arguments as unknown as never[];
      return context === STAY
        ? original().apply(this, args)
        : contexts.apply(context, original(), this, args);
    };

  const { prototype } = builtin<{ Socket: typeof Socket }>('net').Socket;
  const undos = [
    patchMethod(prototype as unknown as Opener<'connect'>, 'connect', wrap),
    onFirstUse<Opener<'_wrapHandle'>>(TLS_SOCKET, (ofTLS) => patchMethod(ofTLS, '_wrapHandle', wrap)),
  ];
  return () => {
    for (const undo of undos) undo();
  };
}
