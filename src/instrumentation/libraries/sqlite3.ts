/**
 * sqlite3 5 and 6 runs calls within `serialize()` when another statement has ended, and calls their callbacks in the
 * context of that other statement.
 */
import type { Library } from './library.ts';

interface Exports {
  Database?: { prototype: object };
  Statement?: { prototype: object };
}

const OF_STATEMENT = ['bind', 'reset', 'finalize', 'run', 'get', 'all', 'each', 'map'];
const OF_DATABASE = ['prepare', 'run', 'get', 'all', 'each', 'map', 'exec', 'close', 'loadExtension'];

export const sqlite3: Library = {
  name: 'sqlite3',
  modules: [
    {
      file: 'lib/sqlite3.js',
      patch({ Database, Statement }: Exports, binder) {
        binder.patchHandOver(Database?.prototype, ...OF_DATABASE);
        binder.patchHandOver(Statement?.prototype, ...OF_STATEMENT);
      },
    },
  ],
};
