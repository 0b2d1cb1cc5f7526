/**
 * This machine's clock may be behind the caller's. LangSmith answers 400 to a run whose time is before its parent's,
 * and one such run can sink the batch it is in. So the start of a run is raised to its parent's where it is earlier.
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

/** A run that LangChain's tracer has made and not placed yet, or a `RunTree`. */
type Run = RunTreeLike & { dotted_order?: unknown };

/** Raises the start of a run to its parent's, and from now on that of the children that are added to it. */
export function raiseStart(run: RunTreeLike): void {
  if (typeof run.dotted_order !== 'string') return;
  const dottedOrder = notBeforeParent(run.dotted_order);
  // What has been posted (`postRun` sets the runtime) stays as it is.
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
 * The children of a run that may be ahead of this machine's clock. (`map` and `filter` of an array of this class make
 * one of this class: copies are covered.)
 */
export class ChildRuns extends Array<unknown> {
  override push(...runs: unknown[]): number {
    for (const run of runs) {
      if (typeof run === 'object' && run !== null) raise(run);
    }
    return super.push(...runs);
  }
}

/** The SDK adds the run, so an error must not reach it. */
function raise(run: Run): void {
  try {
    // `RunTree.createChild` adds a run that has its dotted order already.
    if (run.dotted_order === undefined) raiseOncePlaced(run);
    else raiseStart(run);
  } catch (error) {
    logFailure('raise the start of a run', error);
  }
}

/**
 * LangChain's tracer (`BaseTracer._addRunToRunMap`) adds a run to its parent's children first and gives it the
 * parent's dotted order plus its own after that: the value is raised as it is set.
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

/** The end that is said later, by this machine's clock, is not before the start. */
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

/** `dottedOrder` with its last time raised to its parent's where it is earlier. */
function notBeforeParent(dottedOrder: string): string {
  const parent = isDottedOrder(dottedOrder) ? parentDottedOrder(dottedOrder) : undefined;
  if (parent === undefined) return dottedOrder;
  const earliest = lastTime(parent);
  return lastTime(dottedOrder) < earliest ? withLastTime(dottedOrder, earliest) : dottedOrder;
}

/** This machine's time, as a dotted order says it, at the end of the millisecond. */
function now(): string {
  return `${new Date().toISOString().replace(/[-:.]/g, '').slice(0, -1)}999Z`;
}
