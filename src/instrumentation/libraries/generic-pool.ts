/**
 * generic-pool 2 provides a resource through a callback, in the context of the code that released the resource.
 * generic-pool 3 uses promises, which keep their own context.
 */
import type { Library } from './library.ts';

export const genericPool: Library = {
  name: 'generic-pool',
  modules: [
    {
      file: 'lib/generic-pool.js',
      patch: ({ Pool }: { Pool?: { prototype: object } }, binder) =>
        binder.patchHandOver(Pool?.prototype, 'acquire'),
    },
  ],
};
