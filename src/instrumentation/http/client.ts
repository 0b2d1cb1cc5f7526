/**
 * Every request of node:http and node:https (and of axios, got, node-fetch, the AWS SDK, ws: all that rides on
 * them) is a `ClientRequest`. Two of its steps are caught, both on the prototype, so that it does not matter how
 * the request was made or when its maker was captured:
 *
 * - Construction, for the context: with a pooled agent, `Expect` or a piped body the header is written later, in
 *   a context that belongs to somebody else. The constructor assigns `this.reusedSocket = false`
 *   (`_http_client.js`, Node 12.16 to 26), and an accessor on the prototype sees it.
 * - `_storeHeader(firstLine, headers)`, the last moment before the header becomes text (`_http_outgoing.js`). An agent may
 *   have it written again, once it has found its proxy. What is written is the request's only for as long: a library that
 *   copies a request's headers to another must not find it.
 */
import type { OutgoingMessage } from 'node:http';
import { builtin } from '../../builtins.ts';
import type { Context, ContextStorage } from '../../context/storage.ts';
import { logFailure } from '../../log.ts';
import type { OutgoingCarrier } from '../../outgoing-carrier.ts';
import type { Propagator } from '../../propagator.ts';
import { createAttachment, createOwnProperty } from '../fields.ts';
import { patchMethod, type Undo } from '../instrumentation.ts';
import { createCarriers, type RawRequest, type Request } from './carrier.ts';
import { createRequestContexts } from './client-context.ts';
import type { IncomingMessages } from './incoming-messages.ts';
import { watchPorts } from './ports.ts';

/** @param ofRequests the prototype of `ClientRequest` */
export function watchRequests(
  ofRequests: object,
  contexts: ContextStorage,
  propagator: Propagator,
  messages: IncomingMessages,
): Undo {
  const prototype = ofRequests as Request;
  const assignReusedSocket = createOwnProperty('reusedSocket');
  type Prototype = Parameters<typeof createRequestContexts>[0];
  const written = createAttachment<true>();
  const made = createRequestContexts(prototype as unknown as Prototype, contexts, messages);
  const { Agent } = builtin<typeof import('node:http')>('http');
  const ports = watchPorts(Agent.prototype, (request) => made.of(request) !== undefined);
  const { measuredCarrier, requestCarrier, rawCarrier, isTooLarge, takeBack } = createCarriers(
    Object.getPrototypeOf(prototype) as OutgoingMessage,
    ports.of,
  );

  Object.defineProperty(prototype, 'reusedSocket', {
    configurable: true,
    enumerable: false,
    get: () => undefined,
    set(this: Request, value: boolean) {
      assignReusedSocket(this, value);
      made.keep(this);
    },
  });

  const undoStoreHeader = patchMethod<Request, Request['_storeHeader']>(
    prototype,
    '_storeHeader',
    (original) =>
      function _storeHeader(this: Request, firstLine: string, headers: unknown): void {
        const context = made.of(this);
        if (context === undefined) {
          original().call(this, firstLine, headers);
          return;
        }
        const { _contentLength: contentLength } = this;
        try {
          original().call(this, firstLine, injectInto(this, headers, context));
          if (!isTooLarge(this)) return;
          giveBack(this);
          // As if it had never been written: with a length, Node writes `Content-Disposition` in another way.
          this._header = null;
          this._contentLength = contentLength;
          propagator.revise(measuredCarrier, this, context);
          original().call(this, firstLine, headers);
        } finally {
          giveBack(this);
        }
      },
  );

  function injectInto(request: Request, headers: unknown, context: Context): unknown {
    if (Array.isArray(headers) || headers === null || headers === undefined) {
      // Node refuses a flat array of odd length, in its own words.
      if (Array.isArray(headers) && !Array.isArray(headers[0]) && headers.length % 2 === 1) return headers;
      const target: RawRequest = { request, headers };
      write(rawCarrier, target, request, context);
      return target.headers;
    }
    write(requestCarrier, request, request, context);
    return headers;
  }

  /** A request whose header is written again, as by an agent that has found its proxy, counts once. */
  function write<T>(carrier: OutgoingCarrier<T>, target: T, request: Request, context: Context): void {
    if (request.method === 'CONNECT') propagator.withhold(carrier, target, context);
    else if (written.of(request)) propagator.revise(carrier, target, context);
    else if (propagator.inject(carrier, target, context)) written.attach(request, true);
  }

  function giveBack(request: Request): void {
    try {
      takeBack(request);
    } catch (error) {
      logFailure('take back headers', error);
    }
  }

  return () => {
    undoStoreHeader();
    ports.uninstall();
    made.uninstall();
    delete (prototype as { reusedSocket?: boolean }).reusedSocket;
  };
}
