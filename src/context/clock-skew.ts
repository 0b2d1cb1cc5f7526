/**
 * Corrects the start of runs if the clock of this machine is behind the caller's. LangSmith answers 400 to a run that
 * starts before its parent, and one such run can make its whole batch fail. So a start that is earlier than the
 * parent's is raised to the parent's.
 */
import {
  isDottedOrder,
  lastTime,
  parentDottedOrder,
  toISOTime,
  withLastTime,
} from '../headers/dotted-order.ts';
import { logFailure } from '../log.ts';
import type { RunTreeLike } from './run-tree.ts';

/** A `RunTree`, or a run of LangChain's tracer that has no dotted order yet. */
type Run = RunTreeLike & { dotted_order?: unknown };

/** Raises the start of a run to its parent's, and from then on the start of the children that are added to it. */
export function raiseStart(run: RunTreeLike): void {
  if (typeof run.dotted_order !== 'string') return;
  const dottedOrder = notBeforeParent(run.dotted_order);
  // A run that has been posted is left unchanged. `postRun` sets the runtime.
  if (dottedOrder !== run.dotted_order && run.extra?.runtime === undefined) {
    run.dotted_order = dottedOrder;
    const startTime = toISOTime(lastTime(dottedOrder));
    run.start_time = typeof run.start_time === 'number' ? Date.parse(startTime) : startTime;
    if (run._serialized_start_time !== undefined) run._serialized_start_time = startTime;
    endNotBefore(run, Date.parse(startTime));
  }
  if (lastTime(dottedOrder) <= now()) return;
  // `postRun` assigns a new array.
  let children = new ChildRuns();
  Object.defineProperty(run, 'child_runs', {
    configurable: true,
    enumerable: true,
    get: () => children,
    set: (value: unknown) => {
      children = new ChildRuns();
      if (Array.isArray(value)) for (const child of value) Array.prototype.push.call(children, child);
    },
  });
}

/**
 * The children of a run that may be ahead of the clock of this machine. `map` and `filter` return an array of the same
 * class, so copies are covered.
 */
export class ChildRuns extends Array<unknown> {
  override push(...runs: unknown[]): number {
    for (const run of runs) {
      if (typeof run === 'object' && run !== null) raise(run);
    }
    return super.push(...runs);
  }
}

/** Errors are caught here: the SDK calls `push` and must not see them. */
function raise(run: Run): void {
  try {
    // `RunTree.createChild` adds a run that already has its dotted order.
    if (run.dotted_order === undefined) raiseOncePlaced(run);
    else raiseStart(run);
  } catch (error) {
    logFailure('raise the start of a run', error);
  }
}

/**
 * LangChain's tracer (`BaseTracer._addRunToRunMap`) first adds a run to its parent's children and then assigns the
 * dotted order, which is the parent's plus the run's own. So the value is raised when it is assigned.
 */
function raiseOncePlaced(run: Run): void {
  if (Array.isArray(run.child_runs) && run.child_runs.length === 0) run.child_runs = new ChildRuns();
  let dottedOrder: unknown;
  let startTime: unknown;
  Object.defineProperty(run, 'dotted_order', {
    configurable: true,
    enumerable: true,
    get: () => dottedOrder,
    set(value: unknown) {
      dottedOrder = typeof value === 'string' ? notBeforeParent(value) : value;
      if (dottedOrder !== value) startTime = toISOTime(lastTime(dottedOrder as string));
    },
  });
  Object.defineProperty(run, '_serialized_start_time', {
    configurable: true,
    enumerable: true,
    get: () => startTime,
    set(value: unknown) {
      startTime ??= value;
    },
  });
}

/** The end is set later by the clock of this machine. This keeps it from being before the raised start. */
function endNotBefore(run: Run, start: number): void {
  let end = run.end_time;
  Object.defineProperty(run, 'end_time', {
    configurable: true,
    enumerable: true,
    get: () => end,
    set(value: unknown) {
      end = typeof value === 'number' && value < start ? start : value;
    },
  });
}

/** Returns `dottedOrder` with its last time raised to the parent's if it is earlier. */
function notBeforeParent(dottedOrder: string): string {
  const parent = isDottedOrder(dottedOrder) ? parentDottedOrder(dottedOrder) : undefined;
  if (parent === undefined) return dottedOrder;
  const earliest = lastTime(parent);
  return lastTime(dottedOrder) < earliest ? withLastTime(dottedOrder, earliest) : dottedOrder;
}

/** The current time in the form of a dotted order, at the end of the millisecond. */
function now(): string {
  return `${new Date().toISOString().replace(/[-:.]/g, '').slice(0, -1)}999Z`;
}
