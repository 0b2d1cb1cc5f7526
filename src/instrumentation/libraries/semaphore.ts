/** semaphore 1 calls a waiting task when another task has left, in the context of that other task. */
import type { AnyFunction } from './binder.ts';
import type { Library } from './library.ts';

export const semaphore: Library = {
  name: 'semaphore',
  modules: [
    {
      file: 'lib/semaphore.js',
      replaces: true,
      patch: (original: AnyFunction, binder) =>
        binder.imitate(original, function (this: unknown, ...args) {
          const made = Reflect.apply(original, this, args) as { take: AnyFunction };
          const { take } = made;
          made.take = binder.imitate(take, (...given) => take(...binder.bindAll(given)));
          return made;
        }),
    },
  ],
};
