/**
 * Notices that the application, or something in it, has loaded node:http2, which costs 15 to 25 ms and is never
 * loaded for its sake. There is no event for that. It is looked for where it can matter first: when a context is
 * entered, without which nothing is sent; and in `net.Socket.prototype.setNoDelay`, which the constructor of every
 * session calls (`internal/http2/core.js`, Node 18 to 26), on a stand-in where the application gave it a stream that
 * is no socket.
 */
import type { Socket } from 'node:net';
import { builtin } from '../builtins.ts';
import type { ContextStorage } from '../context/storage.ts';
import { logFailure } from '../log.ts';
import { patchMethod, type Undo } from './instrumentation.ts';

type SetNoDelay = (this: Socket, ...args: never[]) => Socket;

/** @param found called once, before the first session is made and before a context is entered */
export function onHTTP2Loaded(contexts: ContextStorage, found: () => void): Undo {
  const { Socket } = builtin<typeof import('node:net')>('net');
  const isLoaded = watchBuiltins('NativeModule http2');
  let isDone = false;

  function look(): void {
    if (isDone) return;
    try {
      if (!isLoaded()) return;
      isDone = true;
      undo();
      found();
    } catch (error) {
      isDone = true;
      logFailure('patch http2', error);
    }
  }

  const undoSetNoDelay = patchMethod<Socket, SetNoDelay>(
    Socket.prototype,
    'setNoDelay',
    (original) =>
      function setNoDelay(this: Socket, ...args: never[]) {
        look();
        return original().apply(this, args);
      },
  );
  contexts.onEnter(look);

  function undo(): void {
    contexts.onEnter(undefined);
    undoSetNoDelay();
  }
  return () => {
    isDone = true;
    undo();
  };
}

/** `process.moduleLoadList`, not documented, Node 18 to 26: Node's own modules in the order in which they load. */
function watchBuiltins(name: string): () => boolean {
  const { moduleLoadList: loaded } = process as unknown as { moduleLoadList?: readonly string[] };
  let seen = 0;
  return () => {
    if (!Array.isArray(loaded)) return true;
    while (seen < loaded.length) if (loaded[seen++] === name) return true;
    return false;
  };
}
