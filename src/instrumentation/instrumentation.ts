import type { Context } from '../context/storage.ts';

/** Restores everything that a seam has changed. */
export type Undo = () => void;

/** Means that no other context is entered. */
export const STAY = Symbol('stay');

/** The context to enter, `undefined` for none, or `STAY`. */
export type Entry = Context | undefined | typeof STAY;

/**
 * Replaces a method, or defines one over an inherited one. The undo restores the original.
 *
 * @param wrap receives a function that returns the original. An inherited method is looked up at each call, because
 *   other code may replace it later, as `node:domain` does with `EventEmitter.prototype.emit`.
 * @param inherited looks up the inherited method, if the caller has a faster way
 */
export function patchMethod<T extends object, F extends (...args: never[]) => unknown>(
  target: T,
  name: keyof T & string,
  wrap: (original: () => F) => F,
  inherited?: () => F,
): Undo {
  const own = Object.getOwnPropertyDescriptor(target, name);
  const parent = Object.getPrototypeOf(target) as T;
  const found = target[name] as F;
  const replacement = wrap(own === undefined ? (inherited ?? (() => parent[name] as F)) : () => found);
  Object.defineProperty(replacement, 'name', { value: found.name, configurable: true });
  Object.defineProperty(replacement, 'length', { value: found.length, configurable: true });
  Object.defineProperty(target, name, {
    value: replacement,
    configurable: true,
    enumerable: own?.enumerable ?? isEnumerableIn(parent, name),
    writable: true,
  });
  return () => {
    // Other code has replaced our function since. Its function calls ours, which no longer injects or extracts.
    if (target[name] !== (replacement as unknown)) return;
    if (own === undefined) delete target[name];
    else Object.defineProperty(target, name, own);
  };
}

export type Emit = (this: object, event: string | symbol, ...args: unknown[]) => boolean;

/**
 * Patches `emit`, which is called for each event. V8 looks up this fixed name a third of a microsecond faster than a
 * variable name (Node 20: eight events of a request).
 */
export function patchEmit(target: { emit: Emit }, wrap: (original: () => Emit) => Emit): Undo {
  const parent = Object.getPrototypeOf(target) as { emit: Emit };
  return patchMethod(target, 'emit', wrap, () => parent.emit);
}

/** Whether `for in` would find the property. An own property that is not enumerable hides an inherited one that is. */
function isEnumerableIn(object: object | null, name: string): boolean {
  for (let at = object; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const found = Object.getOwnPropertyDescriptor(at, name);
    if (found !== undefined) return found.enumerable === true;
  }
  return false;
}

/** The value under the own symbol with that description: a private member of Node or of a library. */
export function memberOf(object: object, description: string): unknown {
  const key = symbolOf(object, description);
  return key === undefined ? undefined : (object as Record<symbol, unknown>)[key];
}

/** The own symbol with that description: the key of a private member. */
export function symbolOf(object: object, description: string): symbol | undefined {
  return Object.getOwnPropertySymbols(object).find((symbol) => symbol.description === description);
}
