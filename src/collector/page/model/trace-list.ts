import type { TraceChanges, TraceSummary } from './wire.ts';

/** Applies an event to the list, which is sorted by start time, the newest trace first. */
export function applyChanges(list: readonly TraceSummary[], changes: TraceChanges): TraceSummary[] {
  const byId = new Map(changes.reset ? [] : list.map((trace) => [trace.id, trace]));
  for (const id of changes.removed) byId.delete(id);
  for (const trace of changes.traces) byId.set(trace.id, trace);
  return [...byId.values()].sort((a, b) => b.startTime - a.startTime);
}
