/**
 * Waits for the first object of a class of Node's own without loading its module. `require('http')` takes 4 ms of CPU
 * and 3.4 MB (Node 24), which an application that never loads it must not pay. When a module is loaded, the
 * constructors of its classes assign a property that no other class has. An accessor on `EventEmitter.prototype`, from
 * which they all inherit, sees the first assignment, removes itself and installs the seam before that object does
 * anything.
 */
import { builtin } from '../builtins.ts';
import { logFailure } from '../log.ts';
import type { Undo } from './instrumentation.ts';
import { isBuiltinLoaded } from './loaded-builtins.ts';

/** A class of Node's own, a property that its constructor assigns, and a method that identifies the class. */
interface Constructed {
  readonly module: string;
  readonly className: string;
  readonly property: string;
  readonly method: string;
}

/** `_http_client.js`, Node 12.16 to 26. */
export const CLIENT_REQUEST: Constructed = {
  module: 'http',
  className: 'ClientRequest',
  property: 'reusedSocket',
  method: 'onSocket',
};
/** `net.js`, Node 0.10 to 26. Every server of http, https and http2 is a `net.Server`. */
export const SERVER: Constructed = {
  module: 'net',
  className: 'Server',
  property: '_usingWorkers',
  method: 'listen',
};
/** `net.js`, Node 0.10 to 26. Every session of http2 has a `net.Socket` below it. */
export const SOCKET: Constructed = {
  module: 'net',
  className: 'Socket',
  property: '_pendingEncoding',
  method: 'setNoDelay',
};
/** `_tls_wrap.js` (`internal/tls/wrap.js` from Node 24 on), Node 0.12 to 26. */
export const TLS_SOCKET: Constructed = {
  module: 'tls',
  className: 'TLSSocket',
  property: '_tlsOptions',
  method: '_wrapHandle',
};

/**
 * Calls `install` with the prototype of a class before the first object of it does anything. If its module is loaded
 * already, `install` is called immediately.
 */
export function onFirstUse<T extends object>(what: Constructed, install: (prototype: T) => Undo): Undo {
  const { module, className, property } = what;
  if (isBuiltinLoaded(module)) return installNow(what, install);
  const { prototype } = builtin<typeof import('node:events')>('events').EventEmitter;
  let undo: Undo = () => Reflect.deleteProperty(prototype, property);
  let isOver = false;
  const isPlaced = Reflect.defineProperty(prototype, property, {
    configurable: true,
    enumerable: false,
    get: () => undefined,
    set(this: object, value: unknown) {
      let isFirst = false;
      try {
        // Another emitter may have a property of that name.
        const found = isOver || !isBuiltinLoaded(module) ? undefined : prototypeOf<T>(this, what);
        if (found !== undefined) {
          isFirst = true;
          isOver = true;
          undo();
          undo = install(found);
        }
      } catch (error) {
        logFailure(`install for ${module}.${className}`, error);
      }
      // The seam may have put an accessor of its own there, so the value is assigned. On a sealed prototype the
      // accessor of this file stays, and the assignment calls this setter again.
      if (isFirst) Reflect.set(this, property, value);
      else Object.defineProperty(this, property, { ...ASSIGNED, value });
    },
  });
  if (!isPlaced) return installNow(what, install);
  return () => {
    // The accessor may still be there, on a sealed prototype or on a class that has copied it.
    isOver = true;
    undo();
  };
}

function installNow<T extends object>(what: Constructed, install: (prototype: T) => Undo): Undo {
  const exported = builtin<Record<string, { prototype: T }>>(what.module)[what.className]?.prototype;
  return install(prototypeOf<T>(exported, what) ?? (exported as T));
}

/**
 * Finds the prototype of Node's own class, because an application may have replaced the exported class by one of its
 * own, as nock 13 does.
 */
function prototypeOf<T extends object>(object: object | undefined, { method }: Constructed): T | undefined {
  let found: object | undefined;
  for (let at: object | null | undefined = object; at; at = Object.getPrototypeOf(at)) {
    if (Object.hasOwn(at, method)) found = at;
  }
  return found as T | undefined;
}

const ASSIGNED: PropertyDescriptor = { configurable: true, enumerable: true, writable: true };
