import type { CollectedRun } from '../../types.ts';
import { oneLine, previewText } from './preview-text.ts';
import type { RunSummary, TraceSummary } from './wire.ts';

const MAX_NAME = 200;
const MAX_ERROR = 300;
const MAX_PREVIEW = 160;
const MAX_RUN_TEXT = 600;
const MAX_TRACE_TEXT = 2000;

/** @param runs the runs of one trace, at least one */
export function summarizeTrace(id: string, runs: readonly CollectedRun[]): TraceSummary {
  const byStart = [...runs].sort((a, b) => a.startTime - b.startTime);
  const root = byStart.find((run) => run.parentRunId === undefined);
  const first = root ?? (byStart[0] as CollectedRun);
  const failed = byStart.filter((run) => run.error !== undefined);
  const over = runs.every((run) => run.endTime !== undefined);
  const error = root?.error ?? failed[0]?.error;
  return {
    id,
    name: oneLine(first.name, MAX_NAME),
    rootSeen: root !== undefined,
    ...(first.project !== undefined && { project: first.project }),
    services: distinct(byStart.map((run) => run.service)),
    startTime: (byStart[0] as CollectedRun).startTime,
    ...(over && { endTime: greatest(runs.map((run) => run.endTime ?? 0)) }),
    runs: runs.length,
    errors: failed.length,
    preview: previewText(first.inputs, MAX_PREVIEW) || oneLine(error ?? '', MAX_PREVIEW),
    text: traceText(id, first, runs, failed),
  };
}

export function summarizeRun(run: CollectedRun): RunSummary {
  const error = run.error?.trimStart().split(/[\r\n]/, 1)[0];
  return {
    id: run.id,
    ...(run.parentRunId !== undefined && { parentRunId: run.parentRunId }),
    name: oneLine(run.name, MAX_NAME),
    runType: oneLine(run.runType, MAX_NAME),
    ...(run.service !== undefined && { service: run.service }),
    startTime: run.startTime,
    ...(run.endTime !== undefined && { endTime: run.endTime }),
    ...(error !== undefined && { error: oneLine(error, MAX_ERROR) || 'error' }),
    startRaised: isStartRaised(run.dottedOrder),
    text: runText(run),
  };
}

/** Returns the summaries in tree order: siblings are sorted by dotted order. */
export function summarizeRuns(runs: readonly CollectedRun[]): RunSummary[] {
  const sorted = [...runs].sort((a, b) => compare(a.dottedOrder, b.dottedOrder));
  return sorted.map(summarizeRun);
}

function traceText(
  id: string,
  first: CollectedRun,
  runs: readonly CollectedRun[],
  failed: readonly CollectedRun[],
): string {
  const names = distinct(runs.map((run) => run.name)).join(' ');
  const errors = failed.map((run) => oneLine(run.error ?? '', MAX_ERROR)).join(' ');
  const text = [id, first.project, runText(first), errors, names].filter(Boolean).join(' ');
  return text.slice(0, MAX_TRACE_TEXT).toLowerCase();
}

function runText(run: CollectedRun): string {
  const shown = [run.name, run.runType, run.tags, run.metadata, run.error, run.inputs, run.outputs];
  return `${run.id} ${previewText(shown, MAX_RUN_TEXT)}`.toLowerCase();
}

/**
 * Whether the agent moved the start of a run to its parent's start, which it does if the run's clock is behind. In
 * that case the last two segments of the dotted order have the same time to the microsecond. The JavaScript SDK has
 * no microseconds: it writes 001 for a root, and 002 or slightly more for a child. So two of its runs can have the
 * same time by chance, and these are not counted.
 */
function isStartRaised(dottedOrder: string): boolean {
  const [parent, own] = dottedOrder.split('.').slice(-2);
  const end = own?.indexOf('Z') ?? -1;
  if (own === undefined || parent === undefined || end < 3) return false;
  const microseconds = Number(own.slice(end - 3, end));
  return own.slice(0, end) === parent.slice(0, end) && (microseconds === 1 || microseconds > 99);
}

function distinct(values: readonly (string | undefined)[]): string[] {
  return [...new Set(values.filter((value) => value !== undefined))];
}

// `Math.max(...values)` would exceed the limit on the number of arguments.
function greatest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), 0);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
