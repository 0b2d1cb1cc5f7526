/**
 * Node's own modules are not loaded for an application that never does: `require('http')` is 4 ms of CPU and 3.4 MB
 * (Node 24). Whoever has loaded one makes objects of its classes, and their constructors assign a property that
 * nobody else has. An accessor on `EventEmitter.prototype`, which they all inherit from, sees the first of them,
 * takes itself away and has the seam installed: before that object does anything.
 */
import { builtin } from '../builtins.ts';
import { logFailure } from '../log.ts';
import type { Undo } from './instrumentation.ts';
import { isBuiltinLoaded } from './loaded-builtins.ts';

/** A class of Node's, and a property that its constructor assigns. */
interface Constructed {
  readonly className: string;
  readonly module: string;
  readonly property: string;
}

/** `http.ClientRequest` (`_http_client.js`, Node 12.16 to 26). */
export const CLIENT_REQUEST: Constructed = {
  className: 'http.ClientRequest',
  module: 'http',
  property: 'reusedSocket',
};
/** `net.Server` (`net.js`, Node 0.10 to 26), and so every server of http, https and http2. */
export const SERVER: Constructed = {
  className: 'net.Server',
  module: 'net',
  property: '_usingWorkers',
};
/** `net.Socket` (`net.js`, Node 0.10 to 26), and so what every session of http2 is on. */
export const SOCKET: Constructed = {
  className: 'net.Socket',
  module: 'net',
  property: '_pendingEncoding',
};

/** Calls `install` before the first object of a class does anything; at once where its module is loaded. */
export function onFirstUse({ className, module, property }: Constructed, install: () => Undo): Undo {
  if (isBuiltinLoaded(module)) return install();
  const { prototype } = builtin<typeof import('node:events')>('events').EventEmitter;
  let undo: Undo = () => Reflect.deleteProperty(prototype, property);
  let isInstalled = false;
  const isPlaced = Reflect.defineProperty(prototype, property, {
    configurable: true,
    enumerable: false,
    get: () => undefined,
    set(this: object, value: unknown) {
      let isFirst = false;
      try {
        // Another emitter may have a property of that name before Node's module is loaded.
        isFirst = !isInstalled && isBuiltinLoaded(module);
        if (isFirst) {
          isInstalled = true;
          undo();
          undo = install();
        }
      } catch (error) {
        logFailure(`install for ${className}`, error);
      }
      // The seam may look for it too. On a sealed prototype the accessor stays, and this comes here again.
      if (isFirst) Reflect.set(this, property, value);
      else Object.defineProperty(this, property, { ...ASSIGNED, value });
    },
  });
  return isPlaced ? () => undo() : install();
}

const ASSIGNED: PropertyDescriptor = { configurable: true, enumerable: true, writable: true };
