/**
 * Extracts the caller's run from incoming requests. Every http, https and HTTP/2 server of Node, and every framework on
 * top of them, emits its requests on a `net.Server`. One `emit` on that prototype reads the caller's run and runs the
 * listeners in its context. Later events of the request and the response are emitted in a context of the socket. So
 * their own `emit`, on the prototypes of node:http, enters the context of the request again. A socket itself is never
 * bound, because it outlives the request (keep-alive).
 */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { builtin } from '../../builtins.ts';
import { type Inbound, RemoteRun } from '../../context/remote-run.ts';
import { type ContextStorage, inboundOf } from '../../context/storage.ts';
import { holdsMembers } from '../../headers/members.ts';
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

/** `null` for a request that arrived without a trace. Its events must not run in the context of another request. */
type Bound = Inbound | null | undefined;
type Owned = { readonly req?: object; readonly stream?: object };

/** Handlers of `upgrade` and `connect` receive the socket in place of the response. */
const REQUEST_EVENTS = new Set<unknown>([
  'request',
  'checkContinue',
  'checkExpectation',
  'upgrade',
  'connect',
]);

/** @param prototype the prototype of `net.Server` */
export function watchServers(
  prototype: { emit: Emit },
  contexts: ContextStorage,
  propagator: Propagator,
  messages: IncomingMessages,
): Undo {
  const undos: Undo[] = [];
  const { inbounds } = messages;
  let Response: typeof ServerResponse | undefined;
  const { explanations } = propagator;
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
      // `request` is compared first, because it is the usual event and the comparison needs no hash.
      const isRequest = event === 'request' || REQUEST_EVENTS.has(event);
      if (isActive && isRequest) context = contextFor(request, response);
      else if (isActive && event === 'stream') {
        context = contextForStream(request, response, rawHeaders);
      }
      // biome-ignore lint/complexity/noArguments: passed on as received, without an array for each call
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
    return createEmitWrapper(contexts, entryOf);
  };

  /** Wraps the `emit` of objects whose `close` ends the request: the response, or the stream of HTTP/2. */
  const wrapLastEmit =
    (boundOf: (message: object) => Bound) =>
    (original: () => Emit): Emit => {
      const emitInContext = wrapMessageEmit(boundOf)(original);
      return function emit(this: object, event) {
        if (event === 'close') endRequestOf(this, boundOf);
        // biome-ignore lint/complexity/noArguments: passed on as received
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

  /** Returns the context in which the handlers of a request run, or `STAY` to keep the current one. Never throws. */
  function contextFor(request: unknown, response: unknown): Entry {
    try {
      if (!isIncomingMessage(request)) return STAY;
      // A handler may emit its request again on another server, after a run of its own has become current.
      let inbound = boundToStream(request);
      if (inbound === undefined) {
        inbound = extractFrom(request);
        inbounds.attach(request, inbound);
        explanations?.incoming(request, inbound, isUnixSocket(request.socket));
        Response ??= watchMessages();
        // `upgrade` and `connect` pass the socket in place of the response. A response that waits for others on its
        // connection never emits `close` if the connection closes first.
        if (inbound instanceof RemoteRun) {
          const socket = isSocket(response) ? response : isQueued(response) ? request.socket : undefined;
          if (socket !== undefined) inbound.endWith(socket);
        }
        // A response finds the inbound headers by its request, unless it was constructed with another request.
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

  /** Checks only instances of Node's own class. An error is ignored here, because the context is already known. */
  function isOfAnother(response: unknown, request: object): response is ServerResponse {
    try {
      return Response !== undefined && response instanceof Response && response.req !== request;
    } catch {
      return false;
    }
  }

  /**
   * Whether Node has not given the response its socket yet. Then earlier requests on the connection are not answered
   * yet.
   */
  function isQueued(response: unknown): boolean {
    try {
      return Response !== undefined && response instanceof Response && response.socket === null;
    } catch {
      return false;
    }
  }

  /** The same for an HTTP/2 stream. Its request and response find the run by the stream. */
  function contextForStream(stream: unknown, headers: unknown, rawHeaders: unknown): Entry {
    try {
      if (!isServerStream(stream) || typeof headers !== 'object' || headers === null) return STAY;
      let inbound = boundToIt(stream);
      if (inbound === undefined) {
        inbound = mayNameRun(headers, rawHeaders)
          ? extractFrom(new StreamMessage(stream, headers as IncomingHttpHeaders, rawHeaders))
          : null;
        inbounds.attach(stream, inbound);
        if (explanations !== undefined) {
          const message = new StreamMessage(stream, headers as IncomingHttpHeaders, rawHeaders);
          explanations.incoming(message, inbound, isUnixSocket(message.socket));
        }
        http2.watch(stream);
      }
      return entryTo(inbound);
    } catch (error) {
      logFailure('extract (http2)', error);
      return STAY;
    }
  }

  /**
   * Returns the context to enter. It may have to be entered even for a request without a trace: a server that was
   * started while a request was handled keeps that request's context for ever.
   */
  function entryTo(inbound: Inbound | null): Entry {
    const wanted = inbound ?? undefined;
    return inboundOf(contexts.current()) === wanted ? STAY : wanted;
  }

  /** Reads `rawHeaders`, because Node builds `headers` only on access. */
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

  /** Called at the first request, when node:http is loaded already. */
  function watchMessages(): typeof ServerResponse {
    const http = builtin<typeof import('node:http')>('http');
    const response = http.ServerResponse.prototype as unknown as { emit: Emit };
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
 * Finds the prototypes on which an agent that was preloaded earlier has put an `emit` over the one of EventEmitter.
 * Such an `emit` never calls that of `net.Server`.
 */
function wrappedBefore(): { emit: Emit }[] {
  return ['http', 'https']
    .filter(isBuiltinLoaded)
    .map((name) => builtin<{ Server: { prototype: { emit: Emit } } }>(name).Server.prototype)
    .filter((prototype) => Object.hasOwn(prototype, 'emit'));
}
