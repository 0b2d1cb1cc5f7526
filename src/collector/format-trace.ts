import { columns, printable, toWidth, truncate } from './terminal-text.ts';
import { layOutTree, type TreeLine } from './trace-tree.ts';
import type { CollectedRun } from './types.ts';

const MAX_WIDTH = 100;
const MAX_TYPE_WIDTH = 10;
const MAX_SERVICE_WIDTH = 20;
/** The minimum number of columns reserved for errors in a trace that has errors. */
const MIN_ERROR_WIDTH = 24;
/** Names and errors can be megabytes long, so they are cut to this many characters. */
const MAX_TEXT_LENGTH = 500;
const GAP = '  ';

interface Row {
  readonly tree: string;
  readonly type: string;
  readonly service: string;
  readonly duration: string;
  readonly error: string;
}

/**
 * Formats a trace as a tree of at most 100 columns: run name, type, service, duration, and the first line of the
 * error. All text that comes from runs is made safe to print. The result does not end with a line break.
 */
export function formatTrace(runs: readonly CollectedRun[], traceId: string): string {
  const trace = runs.filter((run) => run.traceId === traceId);
  const rows = layOutTree(trace).map(toRow);
  const widths = {
    type: widthOf(rows, 'type', MAX_TYPE_WIDTH),
    service: widthOf(rows, 'service', MAX_SERVICE_WIDTH),
    duration: widthOf(rows, 'duration', MAX_WIDTH),
    error: widthOf(rows, 'error', MIN_ERROR_WIDTH),
  };
  const taken = Object.values(widths).filter((width) => width > 0);
  const left = MAX_WIDTH - taken.reduce((total, width) => total + width + GAP.length, 0);
  const treeWidth = widthOf(rows, 'tree', left);

  const lines = rows.map((row) => {
    const cells = [toWidth(row.tree, treeWidth)];
    if (widths.type > 0) cells.push(toWidth(row.type, widths.type));
    if (widths.service > 0) cells.push(toWidth(row.service, widths.service));
    cells.push(row.duration.padStart(widths.duration), row.error);
    return truncate(cells.join(GAP).trimEnd(), MAX_WIDTH);
  });
  return [heading(trace, traceId), ...lines].join('\n');
}

function widthOf(rows: readonly Row[], column: keyof Row, limit: number): number {
  let widest = 0;
  for (const row of rows) widest = Math.max(widest, columns(row[column]));
  return Math.min(widest, limit);
}

function heading(trace: readonly CollectedRun[], traceId: string): string {
  const projects = new Set(trace.flatMap((run) => (run.project === undefined ? [] : [run.project])));
  const count = trace.length === 1 ? '1 run' : `${trace.length} runs`;
  const suffix = projects.size > 0 ? ` in ${[...projects].join(', ')}` : '';
  return truncate(safe(`trace ${traceId}: ${count}${suffix}`), MAX_WIDTH);
}

function toRow({ prefix, run, note }: TreeLine): Row {
  if (!run) return { tree: prefix + safe(note ?? ''), type: '', service: '', duration: '', error: '' };
  return {
    tree: prefix + safe(run.name || '(no name)'),
    type: safe(run.runType),
    service: run.service === undefined ? '' : `[${safe(run.service)}]`,
    duration: run.endTime === undefined ? 'running' : `${Math.round(run.endTime - run.startTime)} ms`,
    error: safe(run.error?.trimStart().split(/[\r\n]/, 1)[0] ?? ''),
  };
}

function safe(text: string): string {
  return printable(text.slice(0, MAX_TEXT_LENGTH));
}
