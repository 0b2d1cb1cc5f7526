import { isCalledBy } from './asker.ts';
import { isTracingOn, type RunTreeLike } from './run-tree.ts';
import { runTreeClass } from './run-tree-class.ts';

/**
 * Whether a root that becomes current in a request's context was asked to be one: `fn(ROOT, ...)`. Where the SDK was
 * shown the caller's run, every other call of a traceable makes a child of it, so a root is either such a call or a
 * `RunTree` made by hand and entered by `withRunTree`. A traceable gives each run an array of tags, an empty one too
 * (`traceable.js`, langsmith 0.1.31 to 0.12.0); a `RunTree` made by hand has none unless it was given them.
 */
export function isRootOnPurpose(run: RunTreeLike): boolean {
  if (runTreeClass() === undefined || !isTracingOn(process.env)) return false;
  return Array.isArray(run.tags) && !isCalledBy(10, 'withRunTree', 'enterWith');
}
