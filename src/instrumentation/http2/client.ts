/**
 * Injects into the requests of node:http2, and of all libraries that use it (axios, superagent, connect-node). Each
 * request is made by `ClientHttp2Session.prototype.request`, synchronously and in the caller's context, even while the
 * session is still connecting. It is given a copy of the headers that includes ours.
 *
 * The events of a request are emitted in the context of the code that opened the session (`response` on Node 18, `end`
 * up to 24) or ended it (`error` and `close` on all versions). So the stream of a request is bound to the context of
 * the request.
 */
import type { ClientHttp2Stream } from 'node:http2';
import type { Context, ContextStorage } from '../../context/storage.ts';
import { DECISION } from '../../decision.ts';
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

/** Must be called only after node:http2 has been loaded. */
export function watchSessions(
  contexts: ContextStorage,
  propagator: Propagator,
  onModules: LibraryGate['onModules'],
): Undo {
  /** Grows with each library that is found later. */
  const undos: Undo[] = [];
  const queued = new QueuedContexts();
  const streams = createBoundEmitters(contexts);
  const { explanations } = propagator;
  let isActive = true;
  undos.push(() => {
    isActive = false;
    streams.uninstall();
  });

  function wrapRequest(original: () => Request): Request {
    return function request(this: ClientSession, headers, options) {
      const context = isActive ? contextOf(this, headers) : undefined;
      if (explanations !== undefined && isActive && context == null) explainUntouched(this, headers, context);
      // biome-ignore lint/complexity/noArguments: passed on as received
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
   * Returns the context in which the application made the request, or `null` if it made it in no context. Returns
   * `undefined` for a request that must be left alone: undici writes its headers itself, and other code that sends
   * requests from an unknown queue has no reliable context. Never throws.
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

  /** @returns `undefined` if the request is sent unchanged */
  function inject(session: ClientSession, headers: unknown, context: Context): HTTP2Request | undefined {
    if (session.destroyed) return undefined;
    try {
      const request = copyOf(session, headers);
      if (request === undefined) return undefined;
      const carrier = Array.isArray(request.headers) ? arrayCarrier : objectCarrier;
      if (isConnect(request)) propagator.withhold(carrier, request, context);
      else propagator.inject(carrier, request, context);
      explanations?.outgoing(carrier, request, context, propagator.decision);
      return request.isWritten ? request : undefined;
    } catch {
      // A getter or a proxy of the application throws. Node will access it too and report the error.
      return undefined;
    }
  }

  /** @param context `null` if the request was made in no context */
  function explainUntouched(session: ClientSession, headers: unknown, context: null | undefined): void {
    try {
      const owner = isGRPC(headers) ? '@grpc/grpc-js' : factsOf(session).owner;
      // Requests of undici are published on its channel.
      if (session.destroyed || (context === undefined && owner === 'undici')) return;
      const request = copyOf(session, headers);
      if (request === undefined) return;
      const isFollowed = context === null || owner === 'application' || contexts.current() === undefined;
      const carrier = Array.isArray(request.headers) ? arrayCarrier : objectCarrier;
      const decision = isFollowed ? DECISION.noRun : DECISION.notFollowed;
      explanations?.outgoing(carrier, request, undefined, decision);
    } catch {
      // A getter or a proxy of the application throws. Node will access it too and report the error.
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
    // Requests that the application makes on a session itself are still instrumented.
    logFailure('patch http2', error);
  }
  return () => {
    for (const undo of undos.reverse()) undo();
  };
}

/** Recognizes gRPC by the user agent, which it sends in each call since 1.0. */
function isGRPC(headers: unknown): boolean {
  const agent = (headers as Record<string, unknown> | null | undefined)?.['user-agent'];
  return typeof agent === 'string' && agent.includes('grpc-node');
}

function warnOf(library: string): void {
  logOnce(
    `queue of ${library}`,
    'warn',
    `requests of ${library} are sent without a trace, because its queue cannot be followed: it is in a bundle ` +
      '(set external in the options of the bundler) or was loaded too late',
  );
}
