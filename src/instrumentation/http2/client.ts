/**
 * Every HTTP/2 request of node:http2 (and of axios, superagent, connect-node: all that rides on it) is made by
 * `ClientHttp2Session.prototype.request`, at once and in the caller's context, also while the session is still
 * connecting. The headers are handed on as a copy with ours in it.
 *
 * The events of a request come in the context of who opened the session (`response` on Node 18, `end` up to 24) or
 * ended it (`error` and `close` on all): its stream is bound to the request's own.
 */
import type { ClientHttp2Stream } from 'node:http2';
import type { Context, ContextStorage } from '../../context/storage.ts';
import { logFailure, logOnce } from '../../log.ts';
import type { Propagator } from '../../propagator.ts';
import { createBoundEmitters } from '../bound-emitters.ts';
import { patchMethod, type Undo } from '../instrumentation.ts';
import type { LibraryGate } from '../libraries/gate.ts';
import {
  arrayCarrier,
  copyOf,
  type HTTP2Request,
  isConnect,
  objectCarrier,
  showOwnHeaders,
} from './carrier.ts';
import { watchConnect } from './connect.ts';
import { watchGRPC } from './grpc.ts';
import { QueuedContexts } from './queued-contexts.ts';
import {
  type ClientSession,
  clientSessionPrototype,
  factsOf,
  isOwnConnect,
  onNextSession,
} from './session.ts';
import { watchHTTP2Wrapper } from './wrapper.ts';

type Request = (this: ClientSession, headers?: unknown, options?: unknown) => ClientHttp2Stream;

/** Call it where node:http2 has been loaded. */
export function watchSessions(
  contexts: ContextStorage,
  propagator: Propagator,
  onModules: LibraryGate['onModules'],
): Undo {
  /** More with each library that is found later. */
  const undos: Undo[] = [];
  const queued = new QueuedContexts();
  const streams = createBoundEmitters(contexts);
  let isActive = true;
  undos.push(() => {
    isActive = false;
    streams.uninstall();
  });

  function wrapRequest(original: () => Request): Request {
    return function request(this: ClientSession, headers, options) {
      const context = isActive ? contextOf(this, headers) : undefined;
      // biome-ignore lint/complexity/noArguments: passed on as they came
      if (context === undefined) return original().apply(this, arguments as unknown as Parameters<Request>);
      const injected = context === null ? undefined : inject(this, headers, context);
      const sent = injected?.headers ?? headers;
      const wanted = context ?? undefined;
      const stream =
        wanted === contexts.current()
          ? original().call(this, sent, options)
          : contexts.apply(wanted, original(), this, [sent, options]);
      if (injected !== undefined) showOwn(injected, stream);
      bind(stream, wanted);
      return stream;
    };
  }

  /**
   * The context in which the application made the request, `null` where there was none; `undefined` for a request
   * that is to be left alone: undici writes its headers itself, and what else sends requests from a queue and is not
   * known has no context that could be trusted. Never throws.
   */
  function contextOf(session: ClientSession, headers: unknown): Context | null | undefined {
    try {
      if (queued.isUsed && typeof headers === 'object' && headers !== null) {
        const noted = queued.of(headers);
        if (noted !== undefined) return noted;
      }
      if (!contexts.isEntered()) return undefined;
      const owner = isGRPC(headers) ? '@grpc/grpc-js' : factsOf(session).owner;
      if (owner === 'application') return contexts.current() ?? null;
      if (owner !== 'undici' && contexts.current() !== undefined) warnOf(owner);
      return undefined;
    } catch (error) {
      logFailure('inject (http2 client)', error);
      return undefined;
    }
  }

  /** @returns `undefined` where the request is sent as it is */
  function inject(session: ClientSession, headers: unknown, context: Context): HTTP2Request | undefined {
    if (session.destroyed) return undefined;
    try {
      const request = copyOf(session, headers);
      if (request === undefined) return undefined;
      const carrier = Array.isArray(request.headers) ? arrayCarrier : objectCarrier;
      if (isConnect(request)) propagator.withhold(carrier, request, context);
      else propagator.inject(carrier, request, context);
      return request.isWritten ? request : undefined;
    } catch {
      // A getter or a proxy of the application's: Node will meet it too, and say so.
      return undefined;
    }
  }

  function showOwn(request: HTTP2Request, stream: ClientHttp2Stream): void {
    try {
      showOwnHeaders(request, stream);
    } catch (error) {
      logFailure('take back headers (http2 client)', error);
    }
  }

  function bind(stream: ClientHttp2Stream, context: Context | undefined): void {
    try {
      streams.bind(stream, context);
    } catch (error) {
      logFailure('bind (http2 client)', error);
    }
  }

  function patchSession(prototype: ClientSession): void {
    undos.push(patchMethod(prototype as unknown as { request: Request }, 'request', wrapRequest));
  }

  if (isOwnConnect()) patchSession(clientSessionPrototype());
  else undos.push(onNextSession(patchSession));
  undos.push(watchConnect());
  try {
    undos.push(
      onModules([...watchHTTP2Wrapper(contexts, queued, undos), ...watchGRPC(contexts, queued, undos)]),
    );
  } catch (error) {
    // What the application itself makes of sessions is caught all the same.
    logFailure('patch http2', error);
  }
  return () => {
    for (const undo of undos.reverse()) undo();
  };
}

/** By what it says of itself in each call, since 1.0. */
function isGRPC(headers: unknown): boolean {
  const agent = (headers as Record<string, unknown> | null | undefined)?.['user-agent'];
  return typeof agent === 'string' && agent.includes('grpc-node');
}

function warnOf(library: string): void {
  logOnce(
    `queue of ${library}`,
    'warn',
    `requests of a ${library} that is in a bundle, or was loaded too late, cannot be followed: no trace is sent`,
  );
}
