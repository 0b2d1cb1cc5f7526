/** promise-limit 2 calls a waiting task when another task has ended, in the context of that other task. */
import type { AnyFunction } from './binder.ts';
import type { Library } from './library.ts';

export const promiseLimit: Library = {
  name: 'promise-limit',
  modules: [
    {
      file: 'index.js',
      replaces: true,
      patch: (original: AnyFunction, binder) =>
        binder.imitate(original, function (this: unknown, ...args) {
          return binder.standIn(Reflect.apply(original, this, args));
        }),
    },
  ],
};
