/**
 * Every http, https and HTTP/2 server of Node, and what is built on them, emits its requests on a `net.Server`. One
 * `emit` on that prototype reads the caller's run and runs the listeners in its context. What the request and the
 * response emit later comes from a context of the socket's: their own `emit`, on the prototypes of node:http,
 * enters the request's again. A socket itself is never bound: it outlives the request (keep-alive).
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';
import { builtin } from '../../builtins.ts';
import { type Inbound, RemoteRun } from '../../context/remote-run.ts';
import { type ContextStorage, inboundOf } from '../../context/storage.ts';
import { BAGGAGE_HEADER, isNamed, TRACE_HEADER } from '../../headers/names.ts';
import { saysLeftOut } from '../../headers/sampling.ts';
import { logFailure } from '../../log.ts';
import type { Propagator } from '../../propagator.ts';
import { createEmitWrapper, type Listeners } from '../bound-emitters.ts';
import { createHTTP2Messages, isServerStream, mayNameRun, StreamMessage } from '../http2/server.ts';
import { type Emit, type Entry, patchEmit, STAY, type Undo } from '../instrumentation.ts';
import { isBuiltinLoaded } from '../loaded-builtins.ts';
import type { IncomingMessages } from './incoming-messages.ts';

/** What is read of a request. */
type Message = Pick<IncomingMessage, 'headers' | 'rawHeaders'> & {
  readonly socket?: { readonly remoteAddress?: string | undefined } | undefined;
};

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

/** The listeners of Node's own (`_http_server.js`, Node 18 to 26); what has another name or text is the application's. */
const RES_ON_FINISH = 'bound resOnFinish';
const CLEAR_INCOMING =
  /^function clearIncoming\(req\) \{\s+req (?:\|\|= this|= req \|\| this);\s+const parser = req\.socket(?:\?\.parser| && req\.socket\.parser);\s+(?:\/\/.*\s+)*if \(parser && parser\.incoming === req\) \{\s+if \(req\.readableEnded\) \{\s+parser\.incoming = null;\s+\} else \{\s+req\.on\('end', clearIncoming\);\s+\}\s+\}\s+\}$/;

/** @param prototype that of `net.Server` */
export function watchServers(
  prototype: { emit: Emit },
  contexts: ContextStorage,
  propagator: Propagator,
  messages: IncomingMessages,
): Undo {
  const undos: Undo[] = [];
  const { inbounds } = messages;
  const finished = builtin<typeof import('node:diagnostics_channel')>('diagnostics_channel').channel(
    'http.server.response.finish',
  );
  let Response: typeof ServerResponse | undefined;
  let clearIncoming: (() => unknown) | undefined;
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
      if (isActive && isRequest) context = contextFor(request, response, this as Server);
      else if (isActive && event === 'stream') {
        context = contextForStream(request, response, rawHeaders, this as Server);
      }
      // biome-ignore lint/complexity/noArguments: passed on as they came, without an array for each call
      const args = arguments as unknown as Parameters<Emit>;
      return context === STAY
        ? original().apply(this, args)
        : contexts.apply(context, original(), this, args);
    };

  /**
   * Node listens to each response until it is written, and then tells the subscribers of a channel; and to the end of a
   * request that was answered before.
   */
  function isNodesOwn(event: string | symbol, listener: Listeners): boolean {
    try {
      if (typeof listener !== 'function') return false;
      if (event === 'end') return listener === clearIncoming || isClearIncoming(listener);
      return event === 'finish' && listener.name === RES_ON_FINISH && !finished.hasSubscribers;
    } catch {
      // The application's: its `name` may be anything.
      return false;
    }
  }

  function isClearIncoming(listener: () => unknown): boolean {
    if (listener.name !== 'clearIncoming') return false;
    if (!CLEAR_INCOMING.test(Function.prototype.toString.call(listener))) return false;
    clearIncoming = listener;
    return true;
  }

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
  function contextFor(request: unknown, response: unknown, server: Server): Entry {
    try {
      if (!isIncomingMessage(request)) return STAY;
      // A handler may emit its request again on another server, with a run of its own current by then.
      let inbound = boundToStream(request);
      if (inbound === undefined) {
        inbound = extractFrom(request, server);
        inbounds.attach(request, inbound);
        Response ??= watchMessages();
        // `upgrade` and `connect` hand over the socket where the others have the response.
        if (inbound instanceof RemoteRun && isSocket(response)) inbound.endWith(response);
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

  /** The same for an HTTP/2 stream, with which its request and response share the run. */
  function contextForStream(stream: unknown, headers: unknown, rawHeaders: unknown, server: Server): Entry {
    try {
      if (!isServerStream(stream) || typeof headers !== 'object' || headers === null) return STAY;
      let inbound = boundToIt(stream);
      if (inbound === undefined) {
        inbound = mayNameRun(headers, rawHeaders)
          ? extractFrom(new StreamMessage(stream, headers as IncomingHttpHeaders, rawHeaders), server)
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
  function extractFrom(request: Message, server: Server): Inbound | null {
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
    if (trace === undefined && !saysLeftOut(baggage)) return null;
    const address = request.socket?.remoteAddress;
    return propagator.extract(trace, baggage, address, isUnixServer(server, address));
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

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Unlike a response, a socket can be read. A response that is made up may throw at any look. */
function isSocket(value: unknown): value is Socket {
  try {
    return isObject(value) && typeof (value as Socket).read === 'function' && 'destroyed' in value;
  } catch {
    return false;
  }
}

function isIncomingMessage(value: unknown): value is IncomingMessage {
  return typeof value === 'object' && value !== null && Array.isArray((value as IncomingMessage).rawHeaders);
}

/** A header that came several times as Node joins it, which is no dotted order; whoever makes it up may give anything. */
function withLine(found: string | undefined, line: string | undefined): string | undefined {
  if (found === undefined) return line;
  return typeof found === 'string' && typeof line === 'string' ? `${found}, ${line}` : '';
}

/** Adapters that make up a request (serverless ones do) leave `rawHeaders` empty and fill in `headers`. */
function madeUp({ headers }: Message, name: string): string | undefined {
  const value = headers?.[name];
  return typeof value === 'string' ? value : undefined;
}

/** Only a server that listens on a unix socket has clients without an address that are on this machine. */
function isUnixServer(server: Server, address: string | undefined): boolean {
  return address === undefined && typeof server.address?.() === 'string';
}
