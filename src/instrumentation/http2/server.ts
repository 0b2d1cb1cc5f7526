/**
 * Reads HTTP/2 requests. A server emits `stream`; with the compatibility API, one of the listeners then emits
 * `request`. The run is read once, from the stream, and kept for it. The request and the response of the compatibility
 * API find it by their `stream`. node:http2 is loaded by then, because the server was made with it.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { builtin } from '../../builtins.ts';
import { BAGGAGE_HEADER, TRACE_HEADER } from '../../headers/names.ts';
import { logFailure } from '../../log.ts';
import type { WrapEmit } from '../bound-emitters.ts';
import { type Emit, patchEmit, type Undo } from '../instrumentation.ts';

/** The request of a `stream` event, in the form of node:http. */
export class StreamMessage {
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: string[];
  private readonly stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: unknown) {
    this.stream = stream;
    this.headers = headers;
    // Code that emits the event by hand may leave them out.
    this.rawHeaders = Array.isArray(rawHeaders) ? rawHeaders : [];
  }

  get method(): string | undefined {
    return this.headers[':method'] as string | undefined;
  }

  get url(): string | undefined {
    return this.headers[':path'] as string | undefined;
  }

  get socket(): Pick<Socket, 'remoteAddress'> | undefined {
    return this.stream.session?.socket;
  }
}

export function isServerStream(value: unknown): value is ServerHttp2Stream {
  return typeof value === 'object' && value !== null && 'respond' in value && 'session' in value;
}

/**
 * Whether a request may name a caller's run, or have LangSmith's members in its baggage. It neither parses anything nor
 * allocates an object for other requests.
 */
export function mayNameRun(headers: object, rawHeaders: unknown): boolean {
  const has = (name: string) => (Array.isArray(rawHeaders) ? rawHeaders.includes(name) : name in headers);
  return has(TRACE_HEADER) || has(BAGGAGE_HEADER);
}

export interface HTTP2Messages {
  /** Wraps the `emit` of the stream, its request and its response, at the first call. */
  watch(stream: ServerHttp2Stream): void;
  uninstall: Undo;
}

export function createHTTP2Messages(wrapStream: WrapEmit, wrapMessage: WrapEmit): HTTP2Messages {
  const undos: Undo[] = [];
  let isWatching = false;

  function patch(prototype: object, wrap: WrapEmit): void {
    undos.push(patchEmit(prototype as { emit: Emit }, wrap));
  }

  return {
    watch(stream) {
      if (isWatching || stream.constructor?.name !== 'ServerHttp2Stream') return;
      isWatching = true;
      try {
        const { Http2ServerRequest, Http2ServerResponse } = builtin<typeof import('node:http2')>('http2');
        // The class is not exported.
        patch(Object.getPrototypeOf(stream), wrapStream);
        patch(Http2ServerRequest.prototype, wrapMessage);
        patch(Http2ServerResponse.prototype, wrapMessage);
      } catch (error) {
        logFailure('patch http2 servers', error);
      }
    },
    uninstall() {
      for (const undo of undos.reverse()) undo();
    },
  };
}
