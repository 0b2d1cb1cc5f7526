/**
 * Keeps the context of calls of @grpc/grpc-js 1. When a subchannel is ready, the library calls `session.request` for
 * all waiting calls at once, and again for a retry. The right context is that of `Channel.createCall`, which runs for
 * every call where the application makes it. It is recorded for the metadata of the call and for the copies of the
 * metadata. It is found again by the headers that are made from the last copy.
 */
import type { Context, ContextStorage } from '../../context/storage.ts';
import { patchMethod, type Undo } from '../instrumentation.ts';
import type { WantedModule } from '../libraries/library.ts';
import { QueuedContexts } from './queued-contexts.ts';

const DIRECTORY = String.raw`[\\/]@grpc[\\/]grpc-js[\\/]build[\\/]src[\\/]`;

type Method<Arguments extends unknown[], Result> = (this: object, ...args: Arguments) => Result;
interface Metadata {
  clone: Method<[], Metadata>;
  toHttp2Headers: Method<[], object>;
}
type Listener = Record<string, unknown>;
interface Call {
  start: Method<[metadata: Metadata, listener: Listener], void>;
}
interface Channel {
  createCall: Method<unknown[], Call>;
}

export function watchGRPC(contexts: ContextStorage, queued: QueuedContexts, undos: Undo[]): WantedModule[] {
  const calls = new QueuedContexts();
  const patched = new WeakSet<object>();

  function patchChannel(prototype: Channel): void {
    undos.push(
      patchMethod<Channel, Channel['createCall']>(
        prototype,
        'createCall',
        (original) =>
          function createCall(this: object, ...args) {
            const call = original().apply(this, args);
            // After the first context was entered, a call without a context is recorded too, so that it does not use
            // another's.
            if (contexts.isEntered()) {
              patchCall(call);
              calls.note(call, contexts.current());
            }
            return call;
          },
      ),
    );
  }

  function patchCall(call: Call): void {
    const prototype = Object.getPrototypeOf(call) as Call;
    if (patched.has(prototype)) return;
    patched.add(prototype);
    undos.push(patchMethod<Call, Call['start']>(prototype, 'start', wrapStart));
  }

  function wrapStart(original: () => Call['start']): Call['start'] {
    return function start(this: object, metadata, listener) {
      const context = calls.of(this);
      if (context === undefined || typeof metadata?.clone !== 'function') {
        original().call(this, metadata, listener);
        return;
      }
      const copy = metadata.clone();
      queued.note(copy, context ?? undefined);
      original().call(this, copy, bind(listener, context ?? undefined));
    };
  }

  /** Binds the listener of a call, because responses arrive in a context of the channel or of another call. */
  function bind(listener: Listener, context: Context | undefined): Listener {
    const bound: Listener = Object.create(listener);
    for (const name of ['onReceiveMetadata', 'onReceiveMessage', 'onReceiveStatus']) {
      const callback = listener[name];
      if (typeof callback !== 'function') continue;
      const inContext = (...args: unknown[]) =>
        contexts.apply(context, callback as () => unknown, listener, args);
      // The library distinguishes its own listeners from those of interceptors by the length of the function.
      bound[name] = Object.defineProperty(inContext, 'length', { value: callback.length });
    }
    return bound;
  }

  /** Copies the context to the results of `clone` and `toHttp2Headers`, which belong to the same call. */
  function patchMetadata(prototype: Metadata): void {
    for (const name of ['clone', 'toHttp2Headers'] as const) {
      undos.push(
        patchMethod<Metadata, Method<[], object>>(
          prototype,
          name,
          (original) =>
            function follow(this: object) {
              const made = original().call(this);
              const context = queued.isUsed ? queued.of(this) : undefined;
              if (context !== undefined) queued.note(made, context ?? undefined);
              return made;
            },
        ),
      );
    }
  }

  return [
    {
      library: '@grpc/grpc-js',
      path: new RegExp(`${DIRECTORY}channel\\.js$`),
      found(exports) {
        const prototype = prototypeOf<Channel>(exports, 'ChannelImplementation');
        if (typeof prototype?.createCall === 'function') patchChannel(prototype);
      },
    },
    {
      library: '@grpc/grpc-js',
      path: new RegExp(`${DIRECTORY}metadata\\.js$`),
      found(exports) {
        const prototype = prototypeOf<Metadata>(exports, 'Metadata');
        if (typeof prototype?.clone === 'function') patchMetadata(prototype);
      },
    },
  ];
}

function prototypeOf<T>(exports: unknown, name: string): T | undefined {
  return (exports as Record<string, { prototype?: T } | undefined> | undefined)?.[name]?.prototype;
}
