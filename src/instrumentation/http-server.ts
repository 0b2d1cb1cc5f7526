/**
 * Every http, https and HTTP/2 server of Node, and what is built on them, emits its requests on a `net.Server`. One
 * `emit` on that prototype reads the caller's run and runs the listeners in its context. What the request and the
 * response emit later comes from a context of the socket's: their own `emit`, on the prototypes of node:http,
 * enters the request's again. A socket itself is never bound: it outlives the request (keep-alive).
 */
import type { EventEmitter } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Server } from 'node:net';
import { builtin } from '../builtins.ts';
import type { RemoteRun } from '../context/remote-run.ts';
import { type Context, type ContextStorage, remoteOf, withoutRemote } from '../context/storage.ts';
import { BAGGAGE_HEADER, TRACE_HEADER } from '../headers/names.ts';
import { logFailure } from '../log.ts';
import type { Propagator } from '../propagator.ts';
import { createHTTP2Messages, isServerStream, mayNameRun, StreamMessage } from './http2-server.ts';
import { patchMethod, type Undo } from './instrumentation.ts';

const REMOTE = Symbol('trace-agent remote run');

type Emit = (this: object, event: string | symbol, ...args: unknown[]) => boolean;

/** Run in the context that is there. */
const STAY = Symbol('stay');

interface Bound {
  /** `null`: a request without a caller's run, on a server whose own context has one. */
  [REMOTE]?: RemoteRun | null;
}

/** Handlers of `upgrade` and `connect` get the socket where the others get the response. */
const REQUEST_EVENTS = new Set<unknown>([
  'request',
  'checkContinue',
  'checkExpectation',
  'upgrade',
  'connect',
]);

export function installHTTPServer(contexts: ContextStorage, propagator: Propagator): Undo {
  const { Server } = builtin<typeof import('node:net')>('net');
  const { IncomingMessage, ServerResponse } = builtin<typeof import('node:http')>('http');
  let isActive = true;
  /** From the first caller's run on, a request without one must not take another's. */
  let hasSeenRemote = false;

  const wrapServerEmit = (original: () => Emit): Emit =>
    function emit(this: object, event, request, response, _flags, rawHeaders) {
      let remote: Context | undefined | typeof STAY = STAY;
      if (isActive && REQUEST_EVENTS.has(event) && isIncomingMessage(request)) {
        remote = contextFor(request, response, this as Server);
      } else if (isActive && event === 'stream' && isServerStream(request)) {
        remote = contextForStream(request, response, rawHeaders, this as Server);
      }
      // biome-ignore lint/complexity/noArguments: passed on as they came, without an array for each call
      const args = arguments as unknown as Parameters<Emit>;
      return remote === STAY
        ? original().apply(this, args)
        : contexts.run(remote, apply, original(), this, args);
    };

  const wrapMessageEmit = (original: () => Emit): Emit =>
    function emit(this: object) {
      const bound = (this as Bound)[REMOTE];
      // biome-ignore lint/complexity/noArguments: passed on as they came, without an array for each call
      const args = arguments as unknown as Parameters<Emit>;
      if (bound === undefined) return original().apply(this, args);
      const current = contexts.current();
      const remote = bound ?? undefined;
      if (remoteOf(current) === remote) return original().apply(this, args);
      return contexts.run(remote ?? (current && withoutRemote(current)), apply, original(), this, args);
    };

  const http2 = createHTTP2Messages(REMOTE, wrapMessageEmit);

  /** `contextFor` for an HTTP/2 stream, with which its request and response share the run. */
  function contextForStream(
    stream: ServerHttp2Stream & Bound,
    headers: unknown,
    rawHeaders: unknown,
    server: Server,
  ): Context | undefined | typeof STAY {
    if (typeof headers !== 'object' || headers === null) return STAY;
    if (!hasSeenRemote && !mayNameRun(headers, rawHeaders)) return STAY;
    const message: StreamMessage & Bound = new StreamMessage(
      stream,
      headers as IncomingHttpHeaders,
      rawHeaders,
    );
    if (stream[REMOTE] !== undefined) message[REMOTE] = stream[REMOTE];
    const context = contextFor(message as unknown as IncomingMessage, undefined, server);
    bind(stream, message[REMOTE] ?? null);
    http2.watch(stream);
    return context;
  }

  /** The context in which the handlers of a request run, or `STAY` for the one that is there. Never throws. */
  function contextFor(
    request: IncomingMessage,
    response: unknown,
    server: Server,
  ): Context | undefined | typeof STAY {
    try {
      return contextForUnguarded(request, response, server);
    } catch (error) {
      logFailure('extract', error);
      return STAY;
    }
  }

  function contextForUnguarded(
    request: IncomingMessage,
    response: unknown,
    server: Server,
  ): Context | undefined | typeof STAY {
    const current = contexts.current();
    // A handler may emit its request again on another server, with a run of its own current by then.
    const known = (request as Bound)[REMOTE];
    if (known != null) return remoteOf(current) === known ? STAY : known;
    const remote = known === null ? null : (extractFrom(request, server) ?? null);
    // A server that was started while a request was handled is in that request's context for ever.
    if (remote === null && !hasSeenRemote) return STAY;
    if (remote !== null) hasSeenRemote = true;
    bind(request, remote);
    if (response instanceof ServerResponse) bind(response, remote);
    if (remote === null && remoteOf(current) === undefined) return STAY;
    return remote ?? (current && withoutRemote(current));
  }

  function extractFrom(request: IncomingMessage, server: Server): RemoteRun | undefined {
    const trace = soleHeader(request, TRACE_HEADER);
    if (trace === undefined) return undefined;
    const address = request.socket?.remoteAddress;
    return propagator.extract(trace, request.headers[BAGGAGE_HEADER], address, isUnixServer(server, address));
  }

  const undos = [
    patchMethod(Server.prototype as unknown as { emit: Emit }, 'emit', wrapServerEmit),
    patchMethod(IncomingMessage.prototype as unknown as { emit: Emit }, 'emit', wrapMessageEmit),
    patchMethod(ServerResponse.prototype as unknown as { emit: Emit }, 'emit', wrapMessageEmit),
  ];
  return () => {
    isActive = false;
    for (const undo of undos) undo();
    http2.uninstall();
  };
}

function apply(original: Emit, emitter: object, args: Parameters<Emit>): boolean {
  return original.apply(emitter, args);
}

/** Not enumerable: whoever copies or prints a request does not meet it. */
function bind(message: EventEmitter, remote: RemoteRun | null): void {
  Object.defineProperty(message, REMOTE, { value: remote, configurable: true, writable: true });
}

function isIncomingMessage(value: unknown): value is IncomingMessage {
  return typeof value === 'object' && value !== null && Array.isArray((value as IncomingMessage).rawHeaders);
}

/**
 * A header that came exactly once. From `rawHeaders`, where a duplicate is seen and `headers` need not be built.
 * Adapters that make up a request (serverless ones do) leave `rawHeaders` empty and fill in `headers`.
 */
function soleHeader(request: IncomingMessage, name: string): string | undefined {
  const { rawHeaders } = request;
  if (rawHeaders.length === 0) {
    const value = request.headers?.[name];
    return typeof value === 'string' ? value : undefined;
  }
  let found: string | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const candidate = rawHeaders[i] as string;
    if (candidate.length !== name.length || candidate.toLowerCase() !== name) continue;
    if (found !== undefined) return undefined;
    found = rawHeaders[i + 1];
  }
  return found;
}

/** Only a server that listens on a unix socket has clients without an address that are on this machine. */
function isUnixServer(server: Server, address: string | undefined): boolean {
  return address === undefined && typeof server.address?.() === 'string';
}
