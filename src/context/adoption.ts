import { parseAddress } from '../headers/address.ts';
import { isDottedOrder, lastTime, parentDottedOrder, runIdOf, toISOTime } from '../headers/dotted-order.ts';
import { isSinceArrival } from './arrival.ts';
import { finalizeAsRoot } from './finalization.ts';
import { leaveOut } from './left-out.ts';
import type { RemoteRun } from './remote-run.ts';
import { LANGCHAIN_CONFIG, type RunTreeLike } from './run-tree.ts';
import { sampleAsCaller } from './sampling.ts';

/**
 * Adopts a root run that the SDK has just made in the context of a request: the run becomes a child of the caller's
 * run. The SDK made it with its own client and settings, so a traceable that hides its inputs or uses another workspace
 * still does. The SDK's `AsyncLocalStorage.run` calls this before the run is posted.
 */
export function adopt(run: RunTreeLike, remote: RemoteRun): void {
  if (run.end_time == null) adoptNew(run, remote);
}

/** Adopts a run that is known to have been made in the context of the request. The run may have ended since. */
export function adoptNew(run: RunTreeLike, remote: RemoteRun): void {
  if (!isFreshRoot(run, remote) || run.trace_id === remote.traceId || run.id === remote.runId) return;
  run.trace_id = remote.traceId;
  run.dotted_order = `${remote.dottedOrder}.${run.dotted_order as string}`;
  run.parent_run_id = remote.runId;
  run.parent_run = {
    id: remote.runId,
    trace_id: remote.traceId,
    dotted_order: remote.dottedOrder,
    child_runs: [run],
    child_execution_order: 1,
  };
  inherit(run, remote);
  if (remote.isLeftOut) leaveOut(run);
  else sampleAsCaller(run, remote);
  finalizeAsRoot(run, remote);
}

/**
 * Whether the run is a root that nothing else has placed. It is not posted, has no children, was not made from headers,
 * is not LangChain's copy, and did not start before the request arrived.
 */
function isFreshRoot(run: RunTreeLike, { arrival }: RemoteRun): boolean {
  if (typeof run.id !== 'string' || run.trace_id !== run.id) return false;
  if (run.parent_run != null || run.parent_run_id != null || run.distributedParentId != null) return false;
  if (run.reference_example_id != null || run.tracingEnabled === false) return false;
  if (run.child_execution_order !== run.execution_order) return false;
  if (run.extra?.runtime !== undefined || run.extra?.[LANGCHAIN_CONFIG] !== undefined) return false;
  if ((run.client as { tracingMode?: unknown } | null | undefined)?.tracingMode === 'otel') return false;
  return (
    isDottedOrder(run.dotted_order) &&
    runIdOf(run.dotted_order) === run.id &&
    parentDottedOrder(run.dotted_order) === undefined &&
    isSinceArrival(startOf(run), arrival) &&
    startOf(run) === timeOf(run.dotted_order)
  );
}

/** The start of a run, in milliseconds since 1970. */
function startOf({ start_time: start }: RunTreeLike): number {
  return typeof start === 'number' ? start : typeof start === 'string' ? Date.parse(start) : Number.NaN;
}

/** The last time in a dotted order. It differs from the start of the run if the dotted order was chosen by hand. */
function timeOf(dottedOrder: string): number {
  return Date.parse(toISOTime(lastTime(dottedOrder)));
}

/**
 * Inherits as `RunTree.createChild` does: the run takes the parent's destination and metadata, and its own metadata
 * takes precedence. Tags are not inherited. A mark that the SDK sets only on roots (`ls_agent_type`,
 * `utils/ls_agent_type.js`) is removed.
 */
function inherit(run: RunTreeLike, remote: RemoteRun): void {
  const { metadata, project, address } = remote.fields;
  if (project !== undefined) {
    run.project_name = project;
    if (run.address !== undefined) run.address = undefined;
  } else if (address !== undefined && 'address' in run) {
    run.project_name = undefined;
    run.address = parseAddress(address);
  }
  const own = run.extra?.metadata as Record<string, unknown> | undefined;
  if (metadata === undefined && own?.['ls_agent_type'] !== 'root') return;
  const { ls_agent_type: type, ...rest } = own ?? {};
  run.extra = { ...run.extra, metadata: { ...metadata, ...(type === 'root' ? rest : own) } };
}
