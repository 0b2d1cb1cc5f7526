/** Reads private members of node:http2 on a client's session, for Node 18 to 26. All of them are in this file. */

import type { EventEmitter } from 'node:events';
import type { ClientHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { builtin } from '../../builtins.ts';
import { memberOf, patchMethod, type Undo } from '../instrumentation.ts';
import { isUnixSocket } from '../unix-socket.ts';

export type ClientSession = ClientHttp2Session;

type On = (this: object, ...args: never[]) => unknown;
type SetNoDelay = (this: object, ...args: never[]) => unknown;

/** The code that calls `request` on a session. It determines whether the context of that call is reliable. */
export type SessionOwner = 'application' | 'undici' | 'http2-wrapper';

/**
 * Returns `ClientHttp2Session.prototype`, which is not exported. Its constructor first calls `EventEmitter.init` on the
 * new object (Node 18 to 26, also under node:domain). Here that call throws, so no socket and no native session is
 * made. Must be called only after node:http2 has been loaded.
 */
export function clientSessionPrototype(): ClientSession {
  const { connect } = builtin<typeof import('node:http2')>('http2');
  const emitters = builtin<{ init(this: object, ...args: unknown[]): void }>('events');
  const { init } = emitters;
  const enough = new Error('the session was seen');
  let prototype: ClientSession | undefined;
  emitters.init = function (this: object, ...args: unknown[]) {
    // A wrapped `connect` may make other emitters first.
    if (this.constructor?.name !== 'ClientHttp2Session') return init.apply(this, args);
    prototype = Object.getPrototypeOf(this) as ClientSession;
    throw enough;
  };
  try {
    connect('http://localhost', { createConnection: () => ({}) as Duplex });
  } catch (error) {
    if (error !== enough) throw error;
  } finally {
    emitters.init = init;
  }
  if (typeof prototype?.request !== 'function') throw new Error('this node:http2 has no ClientHttp2Session');
  return prototype;
}

/** The properties of a session that are the same for all its requests. */
export interface SessionFacts {
  readonly owner: SessionOwner;
  /**
   * The `host:port` that was passed to `connect`; an option `servername` replaces the host. Over TLS it is the name
   * whose certificate is checked. It is known even while the session is still connecting.
   */
  readonly authority: string | undefined;
  /** Whether the session goes over a unix socket. */
  readonly isLocal: boolean;
  /** Whether the session is in clear text, so that nothing has verified that the peer is the authority. */
  readonly isClear: boolean;
}

const known = new WeakMap<ClientSession, SessionFacts>();

export function factsOf(session: ClientSession): SessionFacts {
  let facts = known.get(session);
  if (facts === undefined) {
    const authority = memberOf(session, 'authority');
    facts = {
      owner: ownerOf(session),
      authority: typeof authority === 'string' ? authority : undefined,
      isLocal: isLocal(session),
      isClear: memberOf(session, 'protocol') === 'http:',
    };
    known.set(session, facts);
  }
  return facts;
}

/** Recognizes sessions by the symbols that undici (`client`, 5 to 8) and http2-wrapper (1 and 2) put on them. */
function ownerOf(session: ClientSession): SessionOwner {
  for (const { description } of Object.getOwnPropertySymbols(session)) {
    if (description === 'client') return 'undici';
    if (description === 'gracefullyClosing') return 'http2-wrapper';
  }
  return 'application';
}

/** The name that the socket has looked up, or the address that it has connected to; `undefined` before that. */
export function peerOf(session: ClientSession): string | undefined {
  if (session.destroyed) return undefined;
  const { _host, remoteAddress } = session.socket as { _host?: unknown; remoteAddress?: string };
  return typeof _host === 'string' ? _host : remoteAddress;
}

/** Whether `http2.connect` is Node's own function, and not the wrapper of another agent or a mock. */
export function isOwnConnect(): boolean {
  const { connect } = builtin<typeof import('node:http2')>('http2');
  return Function.prototype.toString.call(connect).includes('new ClientHttp2Session(');
}

/**
 * Waits for the next session of an application whose `connect` is not Node's own and therefore must not be called. The
 * constructor of a session calls `setNoDelay` on its socket, and then `on` on itself (Node 18 to 26).
 */
export function onNextSession(found: (prototype: ClientSession) => void): Undo {
  const { Socket } = builtin<typeof import('node:net')>('net');
  const { EventEmitter } = builtin<typeof import('node:events')>('events');
  const undos: Undo[] = [];
  let isDone = false;
  function undo(): void {
    isDone = true;
    for (const one of undos.splice(0).reverse()) one();
  }
  function arm(): void {
    const undoOn = patchMethod<EventEmitter, On>(
      EventEmitter.prototype,
      'on',
      (original) =>
        function on(this: object, ...args) {
          if (!isDone && this.constructor?.name === 'ClientHttp2Session') {
            undo();
            found(Object.getPrototypeOf(this) as ClientSession);
          }
          return original().apply(this, args);
        },
    );
    undos.push(undoOn);
    queueMicrotask(undoOn);
  }
  undos.push(
    patchMethod<Socket, SetNoDelay>(
      Socket.prototype,
      'setNoDelay',
      (original) =>
        function setNoDelay(this: object, ...args) {
          if (!isDone) arm();
          return original().apply(this, args);
        },
    ),
  );
  // The caller may be in that constructor already.
  arm();
  return undo;
}

function isLocal(session: ClientSession): boolean {
  // A destroyed session has no socket any more.
  return !session.destroyed && isUnixSocket(session.socket);
}
