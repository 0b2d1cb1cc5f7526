/**
 * neo-async 2 is a rewrite of async 2 and has the same queues (`async.ts`). The tasks that a cargo takes at once run
 * in no context.
 */
import { patchQueues } from './async.ts';
import type { Library } from './library.ts';

export const neoAsync: Library = {
  name: 'neo-async',
  modules: [{ file: /^async(?:\.min)?\.js$/, patch: patchQueues }],
};
