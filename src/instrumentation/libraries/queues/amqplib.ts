/**
 * amqplib (RabbitMQ): a message carries the trace in its headers, and a consumer handles it under the run that they
 * name. Both APIs, with promises and with callbacks, have a class `Channel` with the same methods. `sendToQueue` and the
 * channels with confirms call its `publish`.
 *
 * A message that is fetched with `get` of the promise API is handled by the code that awaits it, in the context of that
 * code. No patch can change that. amqplib 0.5 to 2.
 */
import type { AnyFunction, Binder } from '../binder.ts';
import type { Library } from '../library.ts';
import { handleUnder, readHeaders, tracedHeaders } from './carrier.ts';

interface Channel {
  readonly prototype: object;
}
interface PublishOptions {
  readonly headers?: Readonly<Record<string, unknown>> | null;
}

/**
 * All properties of a message are sent in one frame, whose limit is 4096 bytes by default up to amqplib 0.10.6. A larger
 * frame closes the connection, that of the sender or of a consumer. So a message that fits into such a frame still fits
 * with the headers of the agent. amqplib encodes headers in a buffer of 64 KB, and throws if it is full.
 */
const LEAST_FRAME = 4096;
const MOST_HEADERS = 65_536;
/** For the frame itself and the values of fixed size. */
const FRAME_OVERHEAD = 256;
/** For the type and the length of a value. */
const VALUE_OVERHEAD = 9;

/** The members of channels that have the limit: `connection` of amqplib, `_channel` of amqp-connection-manager. */
interface Limited {
  readonly connection?: { readonly frameMax?: unknown };
  readonly _channel?: Limited;
}

function patchChannel({ Channel }: { Channel?: Channel }, binder: Binder): void {
  const prototype = Channel?.prototype;
  binder.patch(
    prototype,
    'publish',
    (publish) =>
      function (this: unknown, ...args) {
        if (binder.current() !== undefined) args[3] = traced(args[3], binder, inheriting, this);
        return Reflect.apply(publish, this, args);
      },
  );
  binder.patch(
    prototype,
    'consume',
    (consume) =>
      function (this: unknown, ...args) {
        args[1] = continuing(args[1], ([message]) => message, binder);
        return Reflect.apply(consume, this, args);
      },
  );
  binder.patch(
    prototype,
    'get',
    (get) =>
      function (this: unknown, ...args) {
        // In the promise API there is no third argument.
        args[2] = continuing(args[2], ([, message]) => message, binder);
        return Reflect.apply(get, this, args);
      },
  );
}

/**
 * amqp-connection-manager keeps messages until there is a connection with room, and then sends them one after the other in
 * the context of whichever message began. So a message gets its headers when the application hands it over, and the others
 * are sent in no context. amqp-connection-manager 4 and 5.
 */
function patchWrapper({ default: ChannelWrapper }: { default?: Channel }, binder: Binder): void {
  const prototype = ChannelWrapper?.prototype;
  for (const [name, position] of [
    ['publish', 3],
    ['sendToQueue', 2],
  ] as const) {
    binder.patch(
      prototype,
      name,
      (send) =>
        function (this: unknown, ...args) {
          // It takes only the options' own properties.
          if (binder.current() !== undefined) args[position] = traced(args[position], binder, copied, this);
          return Reflect.apply(send, this, args);
        },
    );
  }
  binder.patchLoop(prototype, '_publishQueuedMessages');
}

type WithHeaders = (options: PublishOptions | null | undefined, headers: object) => object;

/** amqplib reads inherited options and headers too, so all others are inherited from the caller's options. */
const inheriting: WithHeaders = (options, headers) =>
  Object.create(options ?? null, {
    headers: { value: headers, enumerable: true, writable: true, configurable: true },
  });
const copied: WithHeaders = (options, headers) => ({ ...options, headers });

/** Returns options that have the headers of the running code too, or the options themselves if there are none to add. */
function traced(options: unknown, binder: Binder, withHeaders: WithHeaders, channel: unknown): unknown {
  if (!isOptions(options)) return options;
  const own = options?.headers ?? {};
  if (typeof own !== 'object') return options;
  const headers = tracedHeaders(own, binder, () => roomIn(channel as Limited, { headers: own, ...options }));
  return headers === own ? options : withHeaders(options, headers);
}

/** Returns how many bytes the headers of a message may grow. It is measured only for a message that gets some. */
function roomIn(channel: Limited, options: object): number {
  const size = FRAME_OVERHEAD + sizeOf(options);
  if (size <= LEAST_FRAME) return LEAST_FRAME - size;
  const frame = (channel._channel ?? channel).connection?.frameMax;
  return typeof frame === 'number' ? Math.min(frame, MOST_HEADERS) - size : 0;
}

/** Returns about the size of a value on the wire, in bytes, and never less. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return VALUE_OVERHEAD + Buffer.byteLength(value);
  if (ArrayBuffer.isView(value)) return VALUE_OVERHEAD + value.byteLength;
  let size = VALUE_OVERHEAD;
  if (typeof value !== 'object' || value === null) return size;
  // amqplib sends inherited values too.
  for (const key in value) size += Buffer.byteLength(key) + sizeOf((value as Record<string, unknown>)[key]);
  return size;
}

function isOptions(options: unknown): options is PublishOptions | null | undefined {
  return options === undefined || typeof options === 'object';
}

/** Returns a callback that handles each message under the run of its sender. */
function continuing(callback: unknown, messageOf: (args: unknown[]) => unknown, binder: Binder): unknown {
  if (typeof callback !== 'function') return callback;
  return function (this: unknown, ...args: unknown[]) {
    const handle = () => Reflect.apply(callback as AnyFunction, this, args);
    return handleUnder(readHeaders(Object(messageOf(args)).properties?.headers), binder, handle);
  };
}

export const amqplib: Library = {
  name: 'amqplib',
  modules: [{ file: /^lib\/(?:channel|callback)_model\.js$/, patch: patchChannel }],
};

export const amqpConnectionManager: Library = {
  name: 'amqp-connection-manager',
  modules: [{ file: /^dist\/(?:cjs|esm)\/ChannelWrapper\.js$/, patch: patchWrapper }],
};
