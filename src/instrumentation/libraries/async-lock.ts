/** async-lock 1 calls a waiting task when another task releases the lock, in the context of that other task. */
import type { Library } from './library.ts';

export const asyncLock: Library = {
  name: 'async-lock',
  modules: [
    {
      file: 'lib/index.js',
      patch: ({ prototype }: { prototype: object }, binder) => binder.patchHandOver(prototype, 'acquire'),
    },
  ],
};
