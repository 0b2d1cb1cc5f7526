import { logFailure } from '../log.ts';
import { callers, hasCaller } from './asker.ts';
import { canShowPlaceholder, Placeholder } from './placeholder.ts';
import { type Inbound, RemoteRun } from './remote-run.ts';
import { isRunTree, isTracingOn, LANGCHAIN_VARIABLES, type RunTreeLike } from './run-tree.ts';
import { findRunTreeClass, type RunTreeClass, runTreeClass } from './run-tree-class.ts';
import { showRun } from './shown-run.ts';

type OnRun = (run: RunTreeLike) => void;

/**
 * Returns the caller's run as the SDK's current run. Returns `undefined` if the SDK must see the same as without the
 * agent: if tracing is off, code that used the caller's run as a parent would publish runs. Errors are caught here: the
 * application called this through the SDK and must not see them.
 *
 * @param onRun called with each run that is made as a child of the caller's run
 */
export function currentRunFor(remote: Inbound, onRun: OnRun): object | undefined {
  try {
    if (!(remote instanceof RemoteRun) || remote.isOver || !isTracingOn(process.env)) return undefined;
    const sites = callers(DEPTH);
    findRunTreeClass(sites);
    return hasCaller(sites, MAKES_ITS_OWN) ? undefined : shownAs(remote, onRun);
  } catch (error) {
    logFailure('show the run of a caller', error);
    return undefined;
  }
}

/**
 * LangChain copies the current run to put variables on it. A copy of the caller's run is not a run of this process, so
 * only the variables are taken from it.
 */
export function withoutCaller(store: unknown, remote: RemoteRun): unknown {
  if (!isRunTree(store) || store.dotted_order !== remote.dottedOrder) return store;
  const variables = (store as { [LANGCHAIN_VARIABLES]?: unknown })[LANGCHAIN_VARIABLES];
  return variables === undefined ? store : { [LANGCHAIN_VARIABLES]: variables };
}

/**
 * LangChain replaces the store by a bare object when it sets a variable. The caller's run must stay the parent, so the
 * variables are put on another run that represents it.
 */
export function withVariables(store: unknown, remote: RemoteRun, onRun: OnRun): unknown {
  if (typeof store !== 'object' || store === null || !(LANGCHAIN_VARIABLES in store)) return store;
  if ('tracingEnabled' in store || !isTracingOn(process.env)) return store;
  const shown = makeShown(remote, runTreeClass(), onRun);
  return shown === undefined ? store : Object.assign(shown, store);
}

/**
 * `OpenAIAgentsTracingProcessor.onTraceStart` (langsmith 0.4.3 to 0.12.0) makes a child of the current run without the
 * client that it was given, but makes a root with it. So it is shown no run, and its root is adopted.
 */
const MAKES_ITS_OWN = ['onTraceStart'];
/** The number of frames from the storage to the caller of `getCurrentRunTree`. */
const DEPTH = 6;

function shownAs(remote: RemoteRun, onRun: OnRun): object | undefined {
  const Class = runTreeClass();
  if (remote.shownAs === undefined || (Class !== undefined && remote.shownAs instanceof Placeholder)) {
    remote.shownAs = makeShown(remote, Class, onRun);
  }
  return remote.shownAs;
}

function makeShown(remote: RemoteRun, Class: RunTreeClass | undefined, onRun: OnRun): object | undefined {
  return (
    (Class && showRun(remote, Class, onRun)) ?? (canShowPlaceholder() ? new Placeholder(remote) : undefined)
  );
}
