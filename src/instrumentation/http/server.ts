/**
 * Every http, https and HTTP/2 server of Node, and what is built on them, emits its requests on a `net.Server`. One
 * `emit` on that prototype reads the caller's run and runs the listeners in its context. What the request and the
 * response emit later comes from a context of the socket's: their own `emit`, on the prototypes of node:http,
 * enters the request's again. A socket itself is never bound: it outlives the request (keep-alive).
 */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { builtin } from '../../builtins.ts';
import { type Inbound, RemoteRun } from '../../context/remote-run.ts';
import { type ContextStorage, inboundOf } from '../../context/storage.ts';
import { holdsMembers } from '../../headers/baggage.ts';
import { BAGGAGE_HEADER, isNamed, TRACE_HEADER } from '../../headers/names.ts';
import { logFailure } from '../../log.ts';
import type { Propagator } from '../../propagator.ts';
import { createEmitWrapper } from '../bound-emitters.ts';
import { createHTTP2Messages, isServerStream, mayNameRun, StreamMessage } from '../http2/server.ts';
import { type Emit, type Entry, patchEmit, STAY, type Undo } from '../instrumentation.ts';
import { isBuiltinLoaded } from '../loaded-builtins.ts';
import { isUnixSocket } from '../unix-socket.ts';
import { isIncomingMessage, isObject, isSocket, type Message, madeUp, withLine } from './inbound-message.ts';
import type { IncomingMessages } from './incoming-messages.ts';
import { createIsNodesOwn } from './nodes-listeners.ts';

/** `null`: a request that came without a trace. What it emits must not take another's. */
type Bound = Inbound | null | undefined;
type Owned = { readonly req?: object; readonly stream?: object };

/** Handlers of `upgrade` and `connect` get the socket where the others get the response. */
const REQUEST_EVENTS = new Set<unknown>([
  'request',
  'checkContinue',
  'checkExpectation',
  'upgrade',
  'connect',
]);

/** @param prototype that of `net.Server` */
export function watchServers(
  prototype: { emit: Emit },
  contexts: ContextStorage,
  propagator: Propagator,
  messages: IncomingMessages,
): Undo {
  const undos: Undo[] = [];
  const { inbounds } = messages;
  let Response: typeof ServerResponse | undefined;
  const isNodesOwn = createIsNodesOwn();
  /** Whether any response was found with another request than its own. */
  let hasOddResponses = false;
  let isActive = true;

  const boundToIt = (message: object): Bound => inbounds.of(message);

  function boundToRequest(response: object): Bound {
    const own = hasOddResponses ? inbounds.of(response) : undefined;
    const request = (response as Owned).req;
    return own === undefined && isObject(request) ? inbounds.of(request) : own;
  }

  function boundToStream(message: object): Bound {
    const own = inbounds.of(message);
    const stream = (message as Owned).stream;
    return own === undefined && isObject(stream) ? inbounds.of(stream) : own;
  }

  const wrapServerEmit = (original: () => Emit): Emit =>
    function emit(this: object, event, request, response, _flags, rawHeaders) {
      let context: Entry = STAY;
      // The usual one first: it needs no hash.
      const isRequest = event === 'request' || REQUEST_EVENTS.has(event);
      if (isActive && isRequest) context = contextFor(request, response);
      else if (isActive && event === 'stream') {
        context = contextForStream(request, response, rawHeaders);
      }
      // biome-ignore lint/complexity/noArguments: passed on as they came, without an array for each call
      const args = arguments as unknown as Parameters<Emit>;
      return context === STAY
        ? original().apply(this, args)
        : contexts.apply(context, original(), this, args);
    };

  const wrapMessageEmit = (boundOf: (message: object) => Bound) => {
    const entryOf = (message: object): Entry => {
      const inbound = isActive ? boundOf(message) : undefined;
      return inbound === undefined ? STAY : entryTo(inbound);
    };
    return createEmitWrapper(contexts, entryOf, isNodesOwn);
  };

  /** The same for what ends the request as it closes: the response, or the stream of HTTP/2. */
  const wrapLastEmit =
    (boundOf: (message: object) => Bound) =>
    (original: () => Emit): Emit => {
      const emitInContext = wrapMessageEmit(boundOf)(original);
      return function emit(this: object, event) {
        if (event === 'close') endRequestOf(this, boundOf);
        // biome-ignore lint/complexity/noArguments: passed on as they came
        return emitInContext.apply(this, arguments as unknown as Parameters<Emit>);
      };
    };

  function endRequestOf(closed: object, boundOf: (message: object) => Bound): void {
    try {
      const inbound = boundOf(closed);
      if (inbound instanceof RemoteRun) inbound.end();
    } catch (error) {
      logFailure('end a request', error);
    }
  }

  const http2 = createHTTP2Messages(wrapLastEmit(boundToIt), wrapMessageEmit(boundToStream));

  /** The context in which the handlers of a request run, or `STAY` for the one that is there. Never throws. */
  function contextFor(request: unknown, response: unknown): Entry {
    try {
      if (!isIncomingMessage(request)) return STAY;
      // A handler may emit its request again on another server, with a run of its own current by then.
      let inbound = boundToStream(request);
      if (inbound === undefined) {
        inbound = extractFrom(request);
        inbounds.attach(request, inbound);
        Response ??= watchMessages();
        // `upgrade` and `connect` hand over the socket where the others have the response. A response that waits for
        // others on its connection never closes if the connection does first.
        if (inbound instanceof RemoteRun) {
          const socket = isSocket(response) ? response : isQueued(response) ? request.socket : undefined;
          if (socket !== undefined) inbound.endWith(socket);
        }
        // A response finds it by its request, but for one that somebody has put together with another.
        if (isOfAnother(response, request)) {
          hasOddResponses = true;
          inbounds.attach(response, inbound);
        }
      }
      return entryTo(inbound);
    } catch (error) {
      logFailure('extract', error);
      return STAY;
    }
  }

  /** Only Node's own are looked at; and whatever this one is, the context is known by now. */
  function isOfAnother(response: unknown, request: object): response is ServerResponse {
    try {
      return Response !== undefined && response instanceof Response && response.req !== request;
    } catch {
      return false;
    }
  }

  /** Whether Node has yet to give the response its socket: requests before it on the connection are not answered. */
  function isQueued(response: unknown): boolean {
    try {
      return Response !== undefined && response instanceof Response && response.socket === null;
    } catch {
      return false;
    }
  }

  /** The same for an HTTP/2 stream, with which its request and response share the run. */
  function contextForStream(stream: unknown, headers: unknown, rawHeaders: unknown): Entry {
    try {
      if (!isServerStream(stream) || typeof headers !== 'object' || headers === null) return STAY;
      let inbound = boundToIt(stream);
      if (inbound === undefined) {
        inbound = mayNameRun(headers, rawHeaders)
          ? extractFrom(new StreamMessage(stream, headers as IncomingHttpHeaders, rawHeaders))
          : null;
        inbounds.attach(stream, inbound);
        http2.watch(stream);
      }
      return entryTo(inbound);
    } catch (error) {
      logFailure('extract (http2)', error);
      return STAY;
    }
  }

  /** A server that was started while a request was handled is in that request's context for ever. */
  function entryTo(inbound: Inbound | null): Entry {
    const wanted = inbound ?? undefined;
    return inboundOf(contexts.current()) === wanted ? STAY : wanted;
  }

  /** From `rawHeaders`: `headers` need not be built then. */
  function extractFrom(request: Message): Inbound | null {
    const { rawHeaders } = request;
    let trace: string | undefined;
    let baggage: string | undefined;
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i];
      if (isNamed(name, TRACE_HEADER)) trace = withLine(trace, rawHeaders[i + 1]);
      else if (isNamed(name, BAGGAGE_HEADER)) baggage = withLine(baggage, rawHeaders[i + 1]);
    }
    if (rawHeaders.length === 0) {
      trace = madeUp(request, TRACE_HEADER);
      baggage = madeUp(request, BAGGAGE_HEADER);
    }
    if (trace === undefined && (baggage === undefined || !holdsMembers(baggage))) return null;
    const { socket } = request;
    const address = socket?.remoteAddress;
    return propagator.extract(trace, baggage, address, address === undefined && isUnixSocket(socket));
  }

  /** With the first request, by when node:http is loaded. */
  function watchMessages(): typeof ServerResponse {
    const http = builtin<typeof import('node:http')>('http');
    const response = http.ServerResponse.prototype as unknown as { emit: Emit };
    messages.ignore(isNodesOwn);
    messages.watch();
    undos.push(patchEmit(response, wrapLastEmit(boundToRequest)));
    return http.ServerResponse;
  }

  for (const one of [prototype, ...wrappedBefore()]) undos.push(patchEmit(one, wrapServerEmit));
  return () => {
    isActive = false;
    for (const undo of undos) undo();
    http2.uninstall();
  };
}

/**
 * An agent that was preloaded before has put an `emit` of its own on these, over the one of EventEmitter: it never
 * comes by that of `net.Server`.
 */
function wrappedBefore(): { emit: Emit }[] {
  return ['http', 'https']
    .filter(isBuiltinLoaded)
    .map((name) => builtin<{ Server: { prototype: { emit: Emit } } }>(name).Server.prototype)
    .filter((prototype) => Object.hasOwn(prototype, 'emit'));
}
