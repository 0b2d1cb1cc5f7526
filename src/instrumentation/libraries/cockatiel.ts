/**
 * The bulkhead of cockatiel 1 to 3 calls a waiting task when another task has ended, in the context of that other
 * task.
 */
import type { Library } from './library.ts';

interface Exports {
  BulkheadPolicy?: { prototype: object };
}

export const cockatiel: Library = {
  name: 'cockatiel',
  modules: [
    {
      file: 'dist/BulkheadPolicy.js',
      patch: ({ BulkheadPolicy }: Exports, binder) =>
        binder.patchHandOver(BulkheadPolicy?.prototype, 'execute'),
    },
  ],
};
