import { isCalledBy } from './asker.ts';
import { isTracingOn, type RunTreeLike } from './run-tree.ts';
import { runTreeClass } from './run-tree-class.ts';

/**
 * Whether a root that becomes current in the context of a request was requested by `fn(ROOT, ...)`. If the SDK was
 * shown the caller's run, every other call of a traceable makes a child of it. So a root comes either from such a call,
 * or from a `RunTree` that was made by hand and entered by `withRunTree`. A traceable gives each run an array of tags,
 * even an empty one (`traceable.js`, langsmith 0.1.31 to 0.12.0). A `RunTree` made by hand has one only if it was given
 * tags.
 */
export function isRootOnPurpose(run: RunTreeLike): boolean {
  if (runTreeClass() === undefined || !isTracingOn(process.env)) return false;
  return Array.isArray(run.tags) && !isCalledBy(10, 'withRunTree', 'enterWith');
}
