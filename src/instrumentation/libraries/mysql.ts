/**
 * mysql 2 calls callbacks and emits the events of a query in the context of the connection, which is not the
 * caller's. A pool provides a connection in the context of the code that released it.
 */
import type { Library } from './library.ts';

interface Class {
  prototype: object;
}

/** The context in which each sequence (a query, a ping) was submitted. */
const contexts = new WeakMap<object, object | undefined>();

export const mysql: Library = {
  name: 'mysql',
  modules: [
    {
      file: 'lib/protocol/Protocol.js',
      patch({ prototype }: Class, binder) {
        binder.patch(
          prototype,
          '_enqueue',
          (enqueue) =>
            function (this: unknown, sequence) {
              contexts.set(sequence as object, binder.current());
              return enqueue.call(this, sequence);
            },
        );
      },
    },
    {
      file: 'lib/protocol/sequences/Sequence.js',
      patch({ prototype }: Class, binder) {
        // `end` calls the callback.
        binder.patchEntry(prototype, ['emit', 'end'], contexts);
      },
    },
    {
      file: 'lib/Pool.js',
      patch: ({ prototype }: Class, binder) => binder.patchHandOver(prototype, 'getConnection'),
    },
  ],
};
