/**
 * p-limit 1 to 3 calls a waiting task when another task has ended, in the context of that other task. p-limit 4 keeps
 * the context itself, and its file is an ES module.
 */
import type { AnyFunction } from './binder.ts';
import type { Library } from './library.ts';

export const pLimit: Library = {
  name: 'p-limit',
  modules: [
    {
      file: 'index.js',
      replaces: true,
      patch(original: AnyFunction & { default?: unknown }, binder) {
        // The exports of p-limit 4 and later are the namespace of an ES module.
        if (typeof original !== 'function') return undefined;
        const replacement = binder.imitate(original, function (this: unknown, ...args) {
          return binder.standIn(Reflect.apply(original, this, args));
        }) as typeof original;
        if (original.default === original) replacement.default = replacement;
        return replacement;
      },
    },
  ],
};
