import {
  lastTime,
  parentDottedOrder,
  parseDottedOrder,
  toISOTime,
  withLastTime,
} from '../headers/dotted-order.ts';

import type { RunTreeLike } from './run-tree.ts';

interface LangChainRun {
  dotted_order?: string;
  _serialized_start_time?: string;
  child_runs?: unknown[];
}

/**
 * The children of a remote run, as LangChain's tracer fills them in (`BaseTracer._addRunToRunMap`): it adds a
 * run to its parent's children first and gives it the parent's dotted order plus its own after that. A run of a
 * clock behind the caller's would be earlier than its parent, which LangSmith refuses; so the value is raised as
 * it is set, and likewise for that run's own children. (`map` and `filter` of an array of this class make one of
 * this class: the tracer's copies are covered.)
 */
export class ChildRuns extends Array<unknown> {
  override push(...runs: unknown[]): number {
    for (const run of runs) {
      if (typeof run !== 'object' || run === null) continue;
      // `RunTree.createChild` adds a run that has its dotted order already.
      if ((run as LangChainRun).dotted_order !== undefined) raise(run as RunTreeLike);
      else watchDottedOrder(run as LangChainRun);
    }
    return super.push(...runs);
  }
}

function watchDottedOrder(run: LangChainRun): void {
  if (run.dotted_order !== undefined) return;
  if (Array.isArray(run.child_runs) && run.child_runs.length === 0) run.child_runs = new ChildRuns();
  let dottedOrder: string | undefined;
  let startTime: string | undefined;
  Object.defineProperty(run, 'dotted_order', {
    configurable: true,
    enumerable: true,
    get: () => dottedOrder,
    set(value: string) {
      dottedOrder = notBeforeParent(value);
      if (dottedOrder !== value) startTime = toISOTime(lastTime(dottedOrder));
    },
  });
  Object.defineProperty(run, '_serialized_start_time', {
    configurable: true,
    enumerable: true,
    get: () => startTime,
    set(value: string) {
      startTime ??= value;
    },
  });
}

/** `dottedOrder` with its last time raised to its parent's where it is earlier. */
export function notBeforeParent(dottedOrder: string): string {
  const parent = parseDottedOrder(dottedOrder) === undefined ? undefined : parentDottedOrder(dottedOrder);
  if (parent === undefined) return dottedOrder;
  const earliest = lastTime(parent);
  return lastTime(dottedOrder) < earliest ? withLastTime(dottedOrder, earliest) : dottedOrder;
}

/** Raises the start of a run, and from now on of the children that are added to it, to its parent's. */
export function raise(run: RunTreeLike): void {
  if (typeof run.dotted_order !== 'string') return;
  const dottedOrder = notBeforeParent(run.dotted_order);
  if (dottedOrder !== run.dotted_order && run.extra?.runtime === undefined) {
    run.dotted_order = dottedOrder;
    const startTime = toISOTime(lastTime(dottedOrder));
    run.start_time = typeof run.start_time === 'number' ? Date.parse(startTime) : startTime;
    if (run._serialized_start_time !== undefined) run._serialized_start_time = startTime;
  }
  if (lastTime(dottedOrder) <= now()) return;
  // The clock is behind: children get this start at the earliest. `postRun` assigns a new array.
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

function now(): string {
  return `${new Date().toISOString().replace(/[-:.]/g, '').slice(0, -1)}999Z`;
}
