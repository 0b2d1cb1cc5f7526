/**
 * Injects into the requests of node:http and node:https, and of all libraries that use them (axios, got, node-fetch,
 * the AWS SDK, ws). Each request is a `ClientRequest`. Two steps are patched on its prototype, so it does not matter
 * how the request was made or when a function of node:http was captured:
 *
 * - Construction, for the context. With a pooled agent, `Expect` or a piped body the header is written later, in a
 *   context that belongs to other code. The constructor assigns `this.reusedSocket = false` (`_http_client.js`, Node
 *   12.16 to 26), and an accessor on the prototype sees it.
 * - `_storeHeader(firstLine, headers)`, the last step before the header becomes text (`_http_outgoing.js`). An agent
 *   may call it again once it has found its proxy. Our headers are on the request only during this call, because a
 *   library that copies the headers of a request to another request must not find them.
 */
import type { OutgoingMessage } from 'node:http';
import { builtin } from '../../builtins.ts';
import type { Context, ContextStorage } from '../../context/storage.ts';
import { DECISION, type Decision } from '../../decision.ts';
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
  const { explanations } = propagator;

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
          if (explanations !== undefined) explain(this, headers, undefined, DECISION.noRun);
          original().call(this, firstLine, headers);
          return;
        }
        const { _contentLength: contentLength } = this;
        try {
          original().call(this, firstLine, injectInto(this, headers, context));
          if (isTooLarge(this)) {
            giveBack(this);
            // The request is reset, as if its header had never been written. If `_contentLength` were kept, Node would
            // write `Content-Disposition` in another way.
            this._header = null;
            this._contentLength = contentLength;
            propagator.revise(measuredCarrier, this, context);
            original().call(this, firstLine, headers);
          }
        } finally {
          giveBack(this);
        }
        if (explanations !== undefined) explain(this, headers, context, propagator.decision);
      },
  );

  function injectInto(request: Request, headers: unknown, context: Context): unknown {
    if (Array.isArray(headers) || headers === null || headers === undefined) {
      // Node rejects a flat array of odd length with its own error.
      if (Array.isArray(headers) && !Array.isArray(headers[0]) && headers.length % 2 === 1) return headers;
      const target: RawRequest = { request, headers };
      write(rawCarrier, target, request, context);
      return target.headers;
    }
    write(requestCarrier, request, request, context);
    return headers;
  }

  /** Counts a request once even if its header is written again, as by an agent that has found its proxy. */
  function write<T>(carrier: OutgoingCarrier<T>, target: T, request: Request, context: Context): void {
    if (request.method === 'CONNECT') propagator.withhold(carrier, target, context);
    else if (written.of(request)) propagator.revise(carrier, target, context);
    else if (propagator.inject(carrier, target, context)) written.attach(request, true);
  }

  function explain(
    request: Request,
    headers: unknown,
    context: Context | undefined,
    decision: Decision,
  ): void {
    if (Array.isArray(headers)) explanations?.outgoing(rawCarrier, { request, headers }, context, decision);
    else explanations?.outgoing(requestCarrier, request, context, decision);
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
