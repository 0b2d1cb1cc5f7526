/** neo-async 2 is async 2 written anew, with the same queues (`async.ts`). What a cargo takes at once runs in no context. */
import { patchQueues } from './async.ts';
import type { Library } from './library.ts';

export const neoAsync: Library = {
  name: 'neo-async',
  modules: [{ file: /^async(?:\.min)?\.js$/, patch: patchQueues }],
};
