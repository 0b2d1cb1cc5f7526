import { isLeftOut, publishedRunOf } from '../context/published-run.ts';
import { RemoteRun } from '../context/remote-run.ts';
import { isTracingOn } from '../context/run-tree.ts';
import { Scope } from '../context/scope.ts';
import { type Context, inboundOf, localRunOf, remoteOf } from '../context/storage.ts';
import type { OutgoingReason } from './reasons.ts';

/** The questions of the explanations about contexts. */
export interface ContextFacts {
  /** Returns the reason why a request that was made in `context` has no headers to carry. */
  whyNoRun(context: Context | undefined): OutgoingReason;
  isNotSampled(context: Context): boolean;
  /** Names the run whose headers a request carries. */
  shownRun(context: Context): string;
}

export function createContextFacts(env: NodeJS.ProcessEnv): ContextFacts {
  return {
    whyNoRun(context) {
      if (context instanceof Scope && context.isDetached) return 'detached';
      if (localRunOf(context) !== undefined) {
        return publishedRunOf(context as Context, env) === undefined ? 'notTraced' : 'invalidRun';
      }
      if (inboundOf(context) instanceof RemoteRun && remoteOf(context) === undefined) return 'ended';
      return isTracingOn(env) ? 'noRun' : 'tracingOff';
    },
    isNotSampled(context) {
      if (publishedRunOf(context, env) !== undefined) return false;
      return remoteOf(context)?.isLeftOut ?? isLeftOut(context, env);
    },
    shownRun(context) {
      const run = publishedRunOf(context, env);
      return run === undefined ? `the caller’s run ${remoteOf(context)?.runId}` : `run ${String(run.id)}`;
    },
  };
}
