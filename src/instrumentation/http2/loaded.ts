/**
 * Notices that the application, or something in it, has loaded node:http2, which costs 15 to 25 ms and is never
 * loaded for its sake. There is no event for that. It is looked for where it can matter first: when a context is
 * entered, without which nothing is sent; and in `net.Socket.prototype.setNoDelay`, which the constructor of every
 * session calls (`internal/http2/core.js`, Node 18 to 26), on a stand-in where the application gave it a stream that
 * is no socket.
 */
import type { Socket } from 'node:net';
import { logFailure } from '../../log.ts';
import { onFirstUse, SOCKET } from '../first-use.ts';
import { patchMethod, type Undo } from '../instrumentation.ts';
import { watchBuiltin } from '../loaded-builtins.ts';

type SetNoDelay = (this: Socket, ...args: never[]) => Socket;

/**
 * @param onEnter has its one listener called before each context that is entered; `undefined` takes it away
 * @param install called once, before the first session is made and before a context is entered
 */
export function onHTTP2Loaded(
  onEnter: (listener: (() => void) | undefined) => void,
  install: () => Undo,
): Undo {
  const isLoaded = watchBuiltin('http2');
  let isDone = false;
  let uninstall: Undo | undefined;

  function look(): void {
    if (isDone) return;
    try {
      if (!isLoaded()) return;
      isDone = true;
      undo();
      uninstall = install();
    } catch (error) {
      isDone = true;
      logFailure('patch http2', error);
    }
  }

  const undoSetNoDelay = onFirstUse<Socket>(SOCKET, (prototype) =>
    patchMethod<Socket, SetNoDelay>(
      prototype,
      'setNoDelay',
      (original) =>
        function setNoDelay(this: Socket, ...args: never[]) {
          look();
          return original().apply(this, args);
        },
    ),
  );
  onEnter(look);

  function undo(): void {
    onEnter(undefined);
    undoSetNoDelay();
  }
  return () => {
    isDone = true;
    undo();
    uninstall?.();
  };
}
