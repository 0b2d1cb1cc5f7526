/**
 * mysql 2 calls back and emits the events of a query in the context of the connection, which has none of its own. A pool
 * hands out a connection in the context of who has given it back.
 */
import type { Library } from './library.ts';

interface Class {
  prototype: object;
}

/** Sequences (a query, a ping), by where they were handed over. */
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
        // `end` calls back.
        binder.patchEntry(prototype, ['emit', 'end'], contexts);
      },
    },
    {
      file: 'lib/Pool.js',
      patch: ({ prototype }: Class, binder) => binder.patchHandOver(prototype, 'getConnection'),
    },
  ],
};
