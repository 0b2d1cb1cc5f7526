/**
 * generic-pool 2 hands out a resource by a callback, in the context of who has given it back. generic-pool 3 has
 * promises, which are in their own context.
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
