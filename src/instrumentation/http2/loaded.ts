/**
 * Detects that the application, or a library in it, has loaded node:http2. The agent never loads it, because that takes
 * 15 to 25 ms. There is no event for the loading, so it is checked at two points before it matters. One is when a
 * context is entered, without which nothing is sent. The other is `net.Socket.prototype.setNoDelay`, which the
 * constructor of every session calls (`internal/http2/core.js`, Node 18 to 26); it calls it on a substitute socket if
 * the application passed a stream that is no socket.
 */
import type { Socket } from 'node:net';
import { logFailure } from '../../log.ts';
import { onFirstUse, SOCKET } from '../first-use.ts';
import { patchMethod, type Undo } from '../instrumentation.ts';
import { watchBuiltin } from '../loaded-builtins.ts';

type SetNoDelay = (this: Socket, ...args: never[]) => Socket;

/**
 * @param onEnter sets the one listener that is called before each context is entered; `undefined` removes it
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
