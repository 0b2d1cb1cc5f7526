/**
 * The other side of an MCP connection: where a request goes, and who has sent one. Only the transport knows. The SDK's
 * transports are recognised by the names of their classes, and clients of URLs by the private member `_url`
 * (@modelcontextprotocol/sdk 1.0 to 1.32, client and server 2.4).
 */
import { builtin } from '../../../builtins.ts';
import type { Arrival } from '../../../messages.ts';
import type { Destination } from '../../../policy/destinations.ts';
import { isUnixSocket } from '../../unix-socket.ts';
import type { Binder } from '../binder.ts';

type Kind = 'process' | 'memory' | 'server' | 'client' | 'unknown';
type Peer = NonNullable<Arrival['peer']>;

/** Parent and child processes, and the two ends in one process, are on this machine as a unix socket is. */
const KINDS: Readonly<Record<string, Kind>> = {
  StdioClientTransport: 'process',
  StdioServerTransport: 'process',
  StdioConnectionChannel: 'process',
  InMemoryTransport: 'memory',
  SSEServerTransport: 'server',
  StreamableHTTPServerTransport: 'server',
  NodeStreamableHTTPServerTransport: 'server',
  WebStandardStreamableHTTPServerTransport: 'server',
  PerRequestHTTPServerTransport: 'server',
};
/** The methods by which the application hands a request of node:http to a transport. */
const ENTRIES = ['handleRequest', 'handlePostMessage'];
const PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'ws:': 80, 'https:': 443, 'wss:': 443 };

const LOCAL: Destination = { host: '', port: undefined, local: true, via: undefined };
const UNKNOWN_PEER: Peer = { address: undefined, isLocal: false };

export interface Link {
  /** `undefined` if it cannot be determined; then nothing is sent. */
  readonly destination: Destination | undefined;
  readonly path: string;
  readonly arrival: Pick<Arrival, 'peer' | 'isInRequest' | 'isInConnection'>;
}

export interface Links {
  /** Returns the other side of a transport, for the code that is running. */
  of(transport: unknown): Link;
  /** Call it before a transport is used. */
  watch(transport: unknown, binder: Binder): void;
}

interface IncomingLike {
  readonly socket?: { readonly remoteAddress?: string } | undefined;
}

export function createLinks(): Links {
  const { AsyncLocalStorage } = builtin<typeof import('node:async_hooks')>('async_hooks');
  /** The peer of the request of HTTP that is being handled. */
  const peers = new AsyncLocalStorage<Peer>();

  return {
    of(transport) {
      const { kind, name } = classOf(transport);
      const path = '/';
      if (kind === 'process' || kind === 'memory') {
        const arrival = { peer: undefined, isInRequest: false, isInConnection: kind === 'process' };
        return { destination: LOCAL, path, arrival };
      }
      const url = kind === 'server' ? undefined : urlOf(transport);
      if (url !== undefined) {
        const peer = { address: url.hostname, isLocal: false };
        // All messages of this transport arrive in the one response that it has opened when it was connected.
        const isInConnection = name === 'SSEClientTransport' || url.protocol.startsWith('ws');
        const arrival = { peer, isInRequest: false, isInConnection };
        return { destination: destinationOf(url), path: url.pathname, arrival };
      }
      // The handler of a request may use a transport that has nothing to do with the request.
      const peer = kind === 'server' ? peers.getStore() : undefined;
      const destination = peer && { ...LOCAL, host: peer.address ?? '', local: peer.isLocal };
      const arrival = { peer: peer ?? UNKNOWN_PEER, isInRequest: kind === 'server', isInConnection: false };
      return { destination, path, arrival };
    },
    watch(transport, binder) {
      const { kind } = classOf(transport);
      if (kind === 'client') patchStream(transport as object, binder);
      if (kind !== 'server') return;
      for (const entry of ENTRIES) {
        binder.patch(prototypeWith(transport as object, entry), entry, (original) => {
          return function (this: unknown, ...args) {
            const peer = peerOf(args[0]);
            const handle = () => Reflect.apply(original, this, args);
            return peer === undefined ? handle() : peers.run(peer, handle);
          };
        });
      }
    },
  };
}

/**
 * A client of Streamable HTTP has one stream for what the server sends of its own accord. It is opened by the code that
 * connects, and outlives it. A stream that is resumed with a token may belong to the call that is waiting for its result.
 */
function patchStream(transport: object, binder: Binder): void {
  binder.patch(prototypeWith(transport, '_startOrAuthSse'), '_startOrAuthSse', (start) => {
    return function (this: unknown, ...args) {
      const { resumptionToken: token } = Object(args[0]) as { resumptionToken?: unknown };
      return token === undefined
        ? binder.run(undefined, start, this, args)
        : Reflect.apply(start, this, args);
    };
  });
}

/** Finds the first class of the SDK among the class of a transport and those that it extends. */
function classOf(transport: unknown): { kind: Kind; name: string } {
  for (let at = transport; typeof at === 'object' && at !== null; at = Object.getPrototypeOf(at)) {
    const { name = '' } = (at as { constructor?: { name?: string } }).constructor ?? {};
    const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
    if (kind !== undefined) return { kind, name };
    if (/^(SSE|StreamableHTTP|WebSocket)ClientTransport$/.test(name)) return { kind: 'client', name };
  }
  return { kind: 'unknown', name: '' };
}

function urlOf(transport: unknown): URL | undefined {
  const { _url: url } = Object(transport) as { _url?: unknown };
  return url instanceof URL ? url : undefined;
}

function destinationOf({ hostname, port, protocol }: URL): Destination {
  return { ...LOCAL, host: hostname, port: port === '' ? PORTS[protocol] : Number(port), local: false };
}

/** Returns the sender of a request of node:http; `undefined` for a `Request`, which does not tell. */
function peerOf(request: unknown): Peer | undefined {
  const { socket } = Object(request) as IncomingLike;
  if (typeof socket !== 'object' || socket === null) return undefined;
  const address = socket.remoteAddress;
  return { address, isLocal: address === undefined && isUnixSocket(socket) };
}

/** Finds the prototype that has a method. An instance is never patched: there may be one for each request. */
function prototypeWith(instance: object, name: string): object | undefined {
  let at = Object.getPrototypeOf(instance) as object | null;
  while (at !== null && !Object.hasOwn(at, name)) at = Object.getPrototypeOf(at) as object | null;
  return at ?? undefined;
}
