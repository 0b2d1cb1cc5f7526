/**
 * throat 2 to 5 calls a waiting task when another task has ended, in the context of that other task. throat 6 keeps
 * the context itself.
 */
import type { AnyFunction, Binder } from './binder.ts';
import type { Library } from './library.ts';

/**
 * `throat(size)` returns a function that takes tasks. `throat(size, task)`, with its arguments in any order, returns
 * a limited version of the task.
 */
function wrap(original: AnyFunction, binder: Binder): AnyFunction {
  return binder.imitate(original, function (this: unknown, ...args) {
    const task = args.find((arg) => typeof arg === 'function') as AnyFunction | undefined;
    // This throws if the size is invalid.
    const limited = Reflect.apply(original, this, args) as AnyFunction;
    if (task === undefined) return binder.standIn(limited);
    const sizes = args.filter((arg) => arg !== task);
    const limit = Reflect.apply(original, this, sizes) as AnyFunction;
    return function (this: unknown, ...rest: unknown[]) {
      return Reflect.apply(limit, this, [binder.bind(task), ...rest]);
    };
  });
}

export const throat: Library = {
  name: 'throat',
  modules: [
    {
      file: 'index.js',
      replaces: true,
      patch: (original: AnyFunction, binder) =>
        // Before throat 5, the application can provide its own `Promise`: `require('throat')(Promise)`.
        typeof original === 'function' ? wrap(original, binder) : undefined,
    },
  ],
};
