import type { CollectedRun } from './types.ts';

/**
 * Checks that a trace is complete and consistent: it has one root, whose id is the trace id; the parent of every
 * other run has arrived; each dotted order is the parent's followed by the run's own segment; and all runs are in one
 * project.
 *
 * @returns the problems, one sentence for each run or rule
 */
export function checkTrace(
  runs: readonly CollectedRun[],
  traceId: string,
): { ok: boolean; problems: string[] } {
  const trace = runs.filter((run) => run.traceId === traceId);
  const byId = new Map(trace.map((run) => [run.id, run]));
  const problems: string[] = [];

  const roots = trace.filter((run) => run.parentRunId === undefined);
  if (trace.length === 0) problems.push(`there are no runs of trace ${traceId}`);
  else if (roots.length !== 1)
    problems.push(`there are ${roots.length} roots: ${roots.map(label).join(', ')}`);
  for (const root of roots) {
    if (root.id !== traceId) problems.push(`the id of root ${label(root)} is not the trace's`);
  }
  for (const run of trace) {
    const problem = findParentProblem(run, byId);
    if (problem) problems.push(problem);
  }
  const projects = new Set(trace.map((run) => run.project ?? 'none'));
  if (projects.size > 1)
    problems.push(`the runs are in ${projects.size} projects: ${[...projects].join(', ')}`);
  return { ok: problems.length === 0, problems };
}

function findParentProblem(run: CollectedRun, byId: ReadonlyMap<string, CollectedRun>): string | undefined {
  const { parentRunId, dottedOrder } = run;
  const ownSegment = dottedOrder.slice(dottedOrder.lastIndexOf('.') + 1);
  if (!ownSegment.toLowerCase().endsWith(run.id))
    return `the dotted order of ${label(run)} does not end with its id`;
  if (parentRunId === undefined) {
    return dottedOrder === ownSegment
      ? undefined
      : `${label(run)} has no parent, but a dotted order with one`;
  }
  const parent = byId.get(parentRunId);
  if (!parent) return `the parent of ${label(run)}, ${parentRunId}, is not in the trace`;
  if (dottedOrder === `${parent.dottedOrder}.${ownSegment}`) return undefined;
  return `the dotted order of ${label(run)} does not continue that of its parent ${label(parent)}`;
}

function label(run: CollectedRun): string {
  return `${JSON.stringify(run.name)} (${run.id})`;
}
