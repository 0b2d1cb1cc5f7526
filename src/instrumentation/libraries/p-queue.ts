/**
 * p-queue 4 to 9 calls a waiting task when another task has ended, in the context of that other task. p-queue 10
 * keeps the context itself. LangChain's `AsyncCaller` and its background callbacks use p-queue 6 (`@langchain/core`
 * 0.3 and 1).
 */
import type { Library } from './library.ts';

interface PQueue {
  readonly prototype?: object;
  readonly default?: PQueue;
}

export const pQueue: Library = {
  name: 'p-queue',
  modules: [
    {
      file: 'dist/index.js',
      patch(exports: PQueue, binder) {
        // The exports are a class, the namespace of an ES module, or an ES module that was compiled to CommonJS.
        const { prototype } = exports.prototype === undefined ? (exports.default ?? exports) : exports;
        binder.patchHandOver(prototype, 'add');
      },
    },
  ],
};
