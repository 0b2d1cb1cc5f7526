/** promise-queue 2 calls a waiting task when another task has ended, in the context of that other task. */
import type { Library } from './library.ts';

export const promiseQueue: Library = {
  name: 'promise-queue',
  modules: [
    {
      file: 'lib/index.js',
      patch: ({ prototype }: { prototype: object }, binder) => binder.patchHandOver(prototype, 'add'),
    },
  ],
};
