/**
 * What only the private members of node:http2 tell of a client's session, for Node 18 to 26; all of them are here.
 */

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

/** Who calls `request` on a session, and so what the context of that call is worth. */
export type SessionOwner = 'application' | 'undici' | 'http2-wrapper';

/**
 * `ClientHttp2Session.prototype`, which is not exported. Its constructor first of all calls `EventEmitter.init` on the
 * new object (Node 18 to 26, also under node:domain), and here goes no further: no socket, no native session.
 * Call it only where node:http2 has been loaded.
 */
export function clientSessionPrototype(): ClientSession {
  const { connect } = builtin<typeof import('node:http2')>('http2');
  const emitters = builtin<{ init(this: object, ...args: unknown[]): void }>('events');
  const { init } = emitters;
  const enough = new Error('the session was seen');
  let prototype: ClientSession | undefined;
  emitters.init = function (this: object, ...args: unknown[]) {
    // Whoever has wrapped `connect` may make other emitters before.
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

/** What stays the same for all requests of a session. */
export interface SessionFacts {
  readonly owner: SessionOwner;
  /**
   * `host:port` that `connect` was asked for, the host after its option `servername`: over TLS that is the name
   * whose certificate is checked. Known also while the session is still connecting.
   */
  readonly authority: string | undefined;
  /** Whether it goes over a unix socket. */
  readonly isLocal: boolean;
  /** Whether nobody has checked that the other side is the authority. */
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

/** By the symbols that undici (`client`, 5 to 8) and http2-wrapper (1 and 2) put on their sessions. */
function ownerOf(session: ClientSession): SessionOwner {
  for (const { description } of Object.getOwnPropertySymbols(session)) {
    if (description === 'client') return 'undici';
    if (description === 'gracefullyClosing') return 'http2-wrapper';
  }
  return 'application';
}

/** The name that the socket has looked up, or the address that it has reached; `undefined` before that. */
export function peerOf(session: ClientSession): string | undefined {
  if (session.destroyed) return undefined;
  const { _host, remoteAddress } = session.socket as { _host?: unknown; remoteAddress?: string };
  return typeof _host === 'string' ? _host : remoteAddress;
}

/** Whether `http2.connect` is Node's own, and not wrapped by another agent, or a mock. */
export function isOwnConnect(): boolean {
  const { connect } = builtin<typeof import('node:http2')>('http2');
  return Function.prototype.toString.call(connect).includes('new ClientHttp2Session(');
}

/**
 * Waits for the next session of an application whose `connect` is not Node's own: that one is not to be called. The
 * constructor of a session calls `setNoDelay` on its socket, and after it `on` on itself (Node 18 to 26).
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
  // The caller may be in that constructor.
  arm();
  return undo;
}

function isLocal(session: ClientSession): boolean {
  // A session that was destroyed has no socket any more.
  return !session.destroyed && isUnixSocket(session.socket);
}
