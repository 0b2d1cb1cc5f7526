import { isTraced, type RunTreeLike } from './run-tree.ts';
import { isSampled } from './sampling.ts';
import { type Context, localRunOf } from './storage.ts';

/** The run that is current and that LangSmith will get. */
export function publishedRunOf(context: Context, env: NodeJS.ProcessEnv): RunTreeLike | undefined {
  const run = localRunOf(context);
  return run !== undefined && isTraced(run, env) && isSampled(run) ? run : undefined;
}

/** Whether LangSmith would get the run that is current if its trace had been sampled. */
export function isLeftOut(context: Context, env: NodeJS.ProcessEnv): boolean {
  const run = localRunOf(context);
  return run !== undefined && isTraced(run, env) && !isSampled(run);
}
