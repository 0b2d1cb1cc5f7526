/**
 * Supports undici 6.11.0. Only this version publishes a substitute with a few getters in place of its request
 * (`Request.prototype.getPublicInterface`, `lib/core/request.js`). The substitute shares one object with the request:
 * the array of headers. So the context is kept by that array, and the requests of this class look it up there.
 */
import { moduleClass } from '../../builtins.ts';
import type { Context } from '../../context/storage.ts';
import type { Undo } from '../instrumentation.ts';

const REQUEST = /[\\/]lib[\\/]core[\\/]request\.js$/;

interface Published {
  readonly headers?: unknown;
}
type ModuleCache = Record<string, { exports?: { prototype?: object } } | undefined>;

export function isStandIn(request: object): boolean {
  return Object.getPrototypeOf(request) === Object.prototype && 'completed' in request;
}

export interface StandIns {
  /** Keeps the context for the request that `standIn` represents. */
  bind(standIn: Published, context: Context): void;
  uninstall: Undo;
}

/**
 * @param key the property in which undici's requests keep their context
 * @param onClass called with the prototype of each such class
 */
export function createStandIns(key: symbol, onClass: (prototype: object) => void): StandIns {
  const kept = new WeakMap<object, Context>();
  const undos: Undo[] = [];

  function watch(prototype: object): void {
    Object.defineProperty(prototype, key, {
      configurable: true,
      get(this: Published) {
        return typeof this.headers === 'object' && this.headers !== null ? kept.get(this.headers) : undefined;
      },
    });
    undos.push(() => Reflect.deleteProperty(prototype, key));
    onClass(prototype);
  }

  return {
    bind({ headers }, context) {
      for (const prototype of classesOf()) if (!Object.hasOwn(prototype, key)) watch(prototype);
      if (typeof headers === 'object' && headers !== null) kept.set(headers, context);
    },
    uninstall() {
      for (const undo of undos) undo();
    },
  };
}

/** The classes that publish a substitute. A class in a bundle is not found, so its retries carry no trace. */
function classesOf(): object[] {
  const { _cache: cache = {} } = moduleClass<{ _cache?: ModuleCache }>();
  return Object.keys(cache)
    .filter((path) => REQUEST.test(path))
    .map((path) => cache[path]?.exports?.prototype)
    .filter((prototype) => prototype !== undefined && 'getPublicInterface' in prototype) as object[];
}
