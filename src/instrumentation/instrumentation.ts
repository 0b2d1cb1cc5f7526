import type { ContextStorage } from '../context/storage.ts';
import type { Propagator } from '../propagator.ts';

/** Puts everything back that a seam has changed. */
export type Undo = () => void;

/** A seam: catches one kind of request and hands it to the propagator. */
export type Install = (contexts: ContextStorage, propagator: Propagator) => Undo;

/** Replaces a method, with the descriptor it had or would have been found with; the undo restores it. */
export function patchMethod<T extends object, F extends (...args: never[]) => unknown>(
  target: T,
  name: keyof T & string,
  wrap: (original: F) => F,
): Undo {
  const own = Object.getOwnPropertyDescriptor(target, name);
  const original = target[name] as unknown as F;
  const replacement = wrap(original);
  Object.defineProperty(replacement, 'name', { value: original.name, configurable: true });
  Object.defineProperty(replacement, 'length', { value: original.length, configurable: true });
  Object.defineProperty(target, name, {
    value: replacement,
    configurable: true,
    enumerable: own?.enumerable ?? false,
    writable: true,
  });
  return () => {
    // Somebody has patched over ours since: theirs calls ours, and ours finds nothing to do any more.
    if ((target[name] as unknown) !== replacement) return;
    if (own === undefined) delete target[name];
    else Object.defineProperty(target, name, own);
  };
}
