/**
 * Opens connections in a detached context, because a connection outlives the request that opened it: to a database, for
 * a subscriber, or kept alive by an agent. Node calls back for a socket in the context in which its handle was made and
 * its connect was requested. So these two steps are done in a detached context (`net.js` and `_tls_wrap.js`, Node 18 to
 * 26):
 *
 * - `net.Socket.prototype.connect` makes the handle, looks the name up and connects. `net.connect`, `tls.connect`,
 *   `http2.connect` and all agents use it.
 * - `TLSSocket.prototype._wrapHandle` (private) makes the handles of TLS before that, also over an existing socket
 *   (STARTTLS, tunnels).
 *
 * When an agent of node:http takes a free socket out of its pool, it calls `asyncReset` of the handle (private,
 * `_http_agent.js`), which gives the handle the context of the next request. That is done in a detached context too.
 */
import type { Socket } from 'node:net';
import { builtin } from '../builtins.ts';
import { type ContextStorage, detachedOf } from '../context/storage.ts';
import { logFailure } from '../log.ts';
import { onFirstUse, TLS_SOCKET } from './first-use.ts';
import { type Entry, patchMethod, STAY, type Undo } from './instrumentation.ts';

type Method = (this: object, ...args: never[]) => unknown;
type Opener<N extends string> = Record<N, Method>;
/** `_tlsOptions` is private. It says on which side of the connection the socket is. */
interface AnySocket {
  readonly _tlsOptions?: { readonly isServer?: boolean };
  readonly _handle?: object | null;
}

/** Installs the patches. It loads node:net, but not node:tls. */
export function watchConnections(contexts: ContextStorage): Undo {
  const undos: Undo[] = [];
  let isReuseWatched = false;

  function contextFor(socket: AnySocket): Entry {
    try {
      const current = contexts.current();
      // The current context does not open the socket of a server.
      if (current === undefined || socket._tlsOptions?.isServer) return STAY;
      const detached = detachedOf(current);
      return detached === current ? STAY : detached;
    } catch (error) {
      logFailure('open a connection', error);
      return STAY;
    }
  }

  const wrap = (original: () => Method): Method =>
    function detached(this: object) {
      const context = contextFor(this as AnySocket);
      // biome-ignore lint/complexity/noArguments: passed on as received
      const args = arguments as unknown as never[];
      return context === STAY
        ? original().apply(this, args)
        : contexts.apply(context, original(), this, args);
    };

  const wrapConnect = (original: () => Method): Method => {
    const connectDetached = wrap(original);
    return function connect(this: object) {
      // biome-ignore lint/complexity/noArguments: passed on as received
      const result = connectDetached.apply(this, arguments as unknown as never[]);
      if (!isReuseWatched) lookAtHandle(this as AnySocket);
      return result;
    };
  };

  function lookAtHandle(socket: AnySocket): void {
    try {
      isReuseWatched = watchReuse(socket._handle);
    } catch (error) {
      isReuseWatched = true;
      logFailure('watch the reuse of connections', error);
    }
  }

  /** The class of handles is not exported, so it is found from the first handle. */
  function watchReuse(handle: object | null | undefined): boolean {
    let owner = handle;
    while (owner && !Object.hasOwn(owner, 'asyncReset'))
      owner = Object.getPrototypeOf(owner) as object | null;
    if (!owner) return false;
    undos.push(patchMethod(owner as Opener<'asyncReset'>, 'asyncReset', wrap));
    return true;
  }

  const { prototype } = builtin<{ Socket: typeof Socket }>('net').Socket;
  undos.push(
    patchMethod(prototype as unknown as Opener<'connect'>, 'connect', wrapConnect),
    onFirstUse<Opener<'_wrapHandle'>>(TLS_SOCKET, (ofTLS) => patchMethod(ofTLS, '_wrapHandle', wrap)),
  );
  return () => {
    for (const undo of undos) undo();
  };
}
