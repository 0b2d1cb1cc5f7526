import { isTraced, type RunTreeLike } from './run-tree.ts';
import { isSampled } from './sampling.ts';
import { type Context, localRunOf } from './storage.ts';

/** Returns the current run if it will be sent to LangSmith. */
export function publishedRunOf(context: Context, env: NodeJS.ProcessEnv): RunTreeLike | undefined {
  const run = localRunOf(context);
  return run !== undefined && isTraced(run, env) && isSampled(run) ? run : undefined;
}

/** Whether the current run would be sent to LangSmith if its trace had been sampled. */
export function isLeftOut(context: Context, env: NodeJS.ProcessEnv): boolean {
  const run = localRunOf(context);
  return run !== undefined && isTraced(run, env) && !isSampled(run);
}
