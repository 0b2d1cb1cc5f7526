/**
 * MCP: a request carries the trace in `params._meta.baggage`, and the other side handles it under the run that it names.
 * Clients and servers are both a `Protocol`, and either may send requests to the other: tools, resources and prompts in
 * one direction, sampling and elicitation in the other. So one class is patched. Its methods are called by all
 * instances, also by those that were made earlier.
 *
 * @modelcontextprotocol/sdk 1.0 to 1.32; client and server 2.4.
 */
import { LANGSMITH_PREFIX } from '../../../headers/members.ts';
import { logFailure } from '../../../log.ts';
import type { Arrival } from '../../../messages.ts';
import type { AnyFunction, Binder } from '../binder.ts';
import type { Library } from '../library.ts';
import { baggageOf, isCopyable, metaCarrier, type Request, withBaggage } from './meta.ts';
import { createLinks, type Links } from './transports.ts';

/** Members that start with `_` are private to the SDK. */
interface Protocol {
  readonly transport?: unknown;
  readonly _requestHandlerAbortControllers?: unknown;
}

interface Exports {
  readonly Protocol?: { readonly prototype: object };
  readonly Client?: { readonly prototype: object };
}

function patchProtocol({ Protocol, Client }: Exports, binder: Binder): void {
  const prototype = Protocol?.prototype;
  if (prototype === undefined) return;
  const links = createLinks();
  const watch = (transport: unknown) => {
    try {
      links.watch(transport, binder);
    } catch (error) {
      logFailure('watch a transport of MCP', error, 'the application');
    }
  };
  // Version 2 sends some requests without `request`, but all by this method.
  if ('_requestWithSchemaViaCodec' in prototype) {
    const contexts: Contexts = new WeakMap();
    binder.patch(prototype, '_requestWithSchemaViaCodec', wrapSend(1, links, binder, contexts));
    binder.patch(Client?.prototype, '_resolveNonCompleteResult', wrapResolve(contexts, binder));
  } else {
    binder.patch(prototype, 'request', wrapSend(0, links, binder));
  }
  for (const name of ['_onrequest', '_onnotification', '_onresponse']) {
    binder.patch(prototype, name, wrapArrival(name === '_onrequest', links, binder));
  }
  binder.patch(
    prototype,
    'connect',
    (connect) =>
      function (this: unknown, ...args) {
        watch(args[0]);
        return Reflect.apply(connect, this, args);
      },
  );
}

/** The contexts in which requests were made. */
type Contexts = WeakMap<object, object | undefined>;

/** @param position the index of the request among the arguments */
function wrapSend(position: number, links: Links, binder: Binder, contexts?: Contexts) {
  return (send: AnyFunction): AnyFunction =>
    function (this: unknown, ...args) {
      if (binder.current() !== undefined) {
        args[position] = traced(args[position], this as Protocol, links, binder);
      }
      const request = args[position];
      if (typeof request === 'object' && request !== null) contexts?.set(request, binder.current());
      return Reflect.apply(send, this, args);
    };
}

/**
 * In version 2, a result may ask for input: the client calls its handlers and sends the request again. All of that
 * belongs to the call that is waiting, and not to the connection on which the result arrived.
 */
function wrapResolve(contexts: Contexts, binder: Binder) {
  return (resolve: AnyFunction): AnyFunction =>
    function (this: unknown, ...args) {
      const { request } = Object(args[1]) as { request?: object };
      return request !== undefined && contexts.has(request)
        ? binder.run(contexts.get(request), resolve, this, args)
        : Reflect.apply(resolve, this, args);
    };
}

/** Returns a copy of the request with the trace of the running code, or the request itself. Never throws. */
function traced(request: unknown, protocol: Protocol, links: Links, binder: Binder): unknown {
  try {
    if (!isCopyable(request)) return request;
    const own = baggageOf(request);
    const { destination, path } = links.of(protocol.transport);
    const message = { baggage: own, destination, path, method: String(request.method) };
    binder.messages()?.inject(metaCarrier, message);
    return message.baggage === own ? request : withBaggage(request, message.baggage);
  } catch (error) {
    logFailure('send a request of MCP', error);
    return request;
  }
}

function wrapArrival(isRequest: boolean, links: Links, binder: Binder) {
  return (handle: AnyFunction): AnyFunction =>
    function (this: unknown, ...args) {
      const arrival = arrivalOf(this as Protocol, isRequest ? args[0] : undefined, links);
      // A process that never sees a trace does not need the core.
      const messages = arrival?.baggage === undefined ? undefined : binder.messages();
      if (arrival !== undefined && messages !== undefined) {
        return messages.receive(arrival, () => Reflect.apply(handle, this, args));
      }
      if (arrival?.isInConnection === true) return binder.run(undefined, handle, this, args);
      return Reflect.apply(handle, this, args);
    };
}

/** Never throws. */
function arrivalOf(protocol: Protocol, request: unknown, links: Links): Arrival | undefined {
  try {
    const baggage = baggageOf(request);
    return {
      ...links.of(protocol.transport).arrival,
      baggage: baggage?.includes(LANGSMITH_PREFIX) === true ? baggage : undefined,
      handling: createHandling(protocol, (request as Request | undefined)?.id),
    };
  } catch (error) {
    logFailure('receive a message of MCP', error, 'the message');
    return undefined;
  }
}

/** A request is handled for as long as its controller is there. */
function createHandling(protocol: Protocol, id: unknown) {
  return {
    get destroyed(): boolean {
      const controllers = protocol._requestHandlerAbortControllers;
      return !(controllers instanceof Map) || !controllers.has(id);
    },
  };
}

const createLibrary = (name: string, file: RegExp): Library => ({
  name,
  modules: [{ file, hasNoMain: true, patch: patchProtocol }],
});

export const mcpLibraries: readonly Library[] = [
  createLibrary('@modelcontextprotocol/sdk', /^dist\/(?:(?:cjs|esm)\/)?shared\/protocol\.js$/),
  createLibrary('@modelcontextprotocol/client', /^dist\/index\.[cm]js$/),
  createLibrary('@modelcontextprotocol/server', /^dist\/index\.[cm]js$/),
];
