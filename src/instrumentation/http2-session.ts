/**
 * What only the private members of node:http2 tell of a client's session, for Node 18 to 26; all of them are here.
 */
import type { ClientHttp2Session } from 'node:http2';
import type { Duplex } from 'node:stream';
import { builtin } from '../builtins.ts';

export type ClientSession = ClientHttp2Session;

/** Who calls `request` on a session, and so what the context of that call is worth. */
export type SessionOwner = 'application' | 'undici' | 'http2-wrapper';

/**
 * `ClientHttp2Session.prototype`, which is not exported. Its constructor first of all calls `EventEmitter.init` on the
 * new object (Node 18 to 26, also under node:domain), and here goes no further: no socket, no native session.
 * Call it only where node:http2 has been loaded.
 */
export function clientSessionPrototype(): ClientSession {
  const { connect } = builtin<typeof import('node:http2')>('http2');
  const emitters = builtin<{ init(this: object): void }>('events');
  const { init } = emitters;
  const enough = new Error('the session was seen');
  let seen: object | undefined;
  emitters.init = function (this: object) {
    seen = this;
    throw enough;
  };
  try {
    connect('http://localhost', { createConnection: () => ({}) as Duplex });
  } catch (error) {
    if (error !== enough) throw error;
  } finally {
    emitters.init = init;
  }
  const prototype = seen && (Object.getPrototypeOf(seen) as ClientSession);
  if (typeof prototype?.request !== 'function') throw new Error('this node:http2 has no ClientHttp2Session');
  return prototype;
}

/** By the symbols that undici (`client`, 5 to 8) and http2-wrapper (1 and 2) put on their sessions. */
export function ownerOf(session: ClientSession): SessionOwner {
  for (const { description } of Object.getOwnPropertySymbols(session)) {
    if (description === 'client') return 'undici';
    if (description === 'gracefullyClosing') return 'http2-wrapper';
  }
  return 'application';
}

/**
 * `host:port` that `connect` was asked for, the host after its option `servername`: over TLS that is the name
 * whose certificate is checked. Known also while the session is still connecting.
 */
export function authorityOf(session: ClientSession): string | undefined {
  const symbol = Object.getOwnPropertySymbols(session).find(({ description }) => description === 'authority');
  const authority = symbol && (session as unknown as Record<symbol, unknown>)[symbol];
  return typeof authority === 'string' ? authority : undefined;
}

/** Whether the session goes over a unix socket. */
export function isLocal(session: ClientSession): boolean {
  // biome-ignore lint/suspicious/noExplicitAny: a handle has no public type
  return (session.socket as any)?._handle?.constructor?.name === 'Pipe';
}
