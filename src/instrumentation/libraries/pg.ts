/**
 * pg 8, pg-pool 3 and pg-cursor 2 call callbacks in the context of the connection, which is not the caller's.
 * Promises keep their own context without this patch. pg-query-stream reads through pg-cursor.
 */
import type { Binder } from './binder.ts';
import type { Library } from './library.ts';

interface Class {
  prototype: object;
}

/** The context in which each query object was submitted that the application created itself to receive its events. */
const submitted = new WeakMap<object, object | undefined>();

function handOver(prototype: object, names: readonly string[], binder: Binder): void {
  for (const name of names) {
    binder.patch(
      prototype,
      name,
      (original) =>
        function (this: unknown, ...args) {
          const [query] = args as [{ submit?: unknown } | null | undefined];
          if (typeof query?.submit === 'function') submitted.set(query, binder.current());
          return Reflect.apply(original, this, binder.bindAll(args));
        },
    );
  }
}

/**
 * Enters the context of a query in its `handle...` methods, which are called when the server answers and which emit
 * the query's events.
 */
function enterOnAnswer(prototype: object, binder: Binder): void {
  const names = Object.getOwnPropertyNames(prototype).filter((name) => name.startsWith('handle'));
  binder.patchEntry(prototype, names, submitted);
}

export const pg: Library = {
  name: 'pg',
  modules: [
    {
      file: 'lib/client.js',
      patch: ({ prototype }: Class, binder) => handOver(prototype, ['connect', 'query', 'end'], binder),
    },
    { file: 'lib/query.js', patch: ({ prototype }: Class, binder) => enterOnAnswer(prototype, binder) },
  ],
};

export const pgPool: Library = {
  name: 'pg-pool',
  modules: [
    {
      file: 'index.js',
      patch: ({ prototype }: Class, binder) => handOver(prototype, ['connect', 'query', 'end'], binder),
    },
  ],
};

export const pgCursor: Library = {
  name: 'pg-cursor',
  modules: [
    {
      file: 'index.js',
      patch({ prototype }: Class, binder) {
        handOver(prototype, ['read', 'close'], binder);
        enterOnAnswer(prototype, binder);
      },
    },
  ],
};
