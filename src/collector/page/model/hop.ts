import type { TreeNode } from './tree.ts';

/** A call from one service to another, seen from the run of the service that is called. Times are in milliseconds. */
export interface Hop {
  readonly from: string;
  readonly to: string;
  /** From here to the start of the run: the caller's own work, the network, and queues. */
  readonly leftAt: number;
  /** To here from the end of the run: the same on the way back. Absent while either run is not over. */
  readonly backAt?: number;
  /** What the clocks of the two services say that cannot be, or need not be. */
  readonly skew?: ClockSkew;
}

export interface ClockSkew {
  /**
   * - `early`: the run starts before its caller, so the called service's clock is behind.
   * - `raised`: the agent has moved the start to the caller's, for the same reason.
   * - `late`: the run ends after its caller, so the clock is ahead, or the caller did not wait.
   */
  readonly kind: 'early' | 'raised' | 'late';
  /** By how many milliseconds, at least; 0 where it is not known. */
  readonly by: number;
}

/**
 * The hop that leads to a run, if its parent is a run of another service. The time before and after it reaches to the
 * nearest sibling that is over or has not begun, and otherwise to the ends of the caller's run.
 */
export function hopTo(node: TreeNode): Hop | undefined {
  const { run } = node;
  const caller = node.parent?.run;
  if (run?.service === undefined || caller?.service === undefined) return undefined;
  if (run.service === caller.service) return undefined;
  const skew = skewOf(node);
  let leftAt = Math.min(caller.startTime, run.startTime);
  let backAt = caller.endTime;
  for (const { run: sibling } of node.parent?.children ?? []) {
    if (sibling === undefined || sibling === run) continue;
    if (sibling.endTime !== undefined && sibling.endTime <= run.startTime)
      leftAt = Math.max(leftAt, sibling.endTime);
    if (run.endTime !== undefined && backAt !== undefined && sibling.startTime >= run.endTime)
      backAt = Math.min(backAt, sibling.startTime);
  }
  return {
    from: caller.service,
    to: run.service,
    leftAt,
    ...(run.endTime !== undefined && backAt !== undefined && { backAt: Math.max(backAt, run.endTime) }),
    ...(skew && { skew }),
  };
}

/** Only between services: the runs of one service are timed by one clock. */
export function skewOf({ run, parent }: TreeNode): ClockSkew | undefined {
  const caller = parent?.run;
  if (run?.service === undefined || caller?.service === undefined) return undefined;
  if (run.service === caller.service) return undefined;
  if (run.startTime < caller.startTime) return { kind: 'early', by: caller.startTime - run.startTime };
  if (run.startRaised) return { kind: 'raised', by: 0 };
  if (run.endTime !== undefined && caller.endTime !== undefined && run.endTime > caller.endTime)
    return { kind: 'late', by: run.endTime - caller.endTime };
  return undefined;
}

/** A difference of clocks that one or more calls between two services show. */
export interface SkewBetween {
  readonly from: string;
  readonly to: string;
  readonly skew: ClockSkew;
}

/** Each pair of services and kind once, with the largest difference. */
export function skewsBetween(nodes: readonly TreeNode[]): SkewBetween[] {
  const found = new Map<string, SkewBetween>();
  for (const node of nodes) {
    const skew = skewOf(node);
    const from = node.parent?.run?.service;
    const to = node.run?.service;
    if (skew === undefined || from === undefined || to === undefined) continue;
    const key = JSON.stringify([from, to, skew.kind]);
    if (skew.by >= (found.get(key)?.skew.by ?? 0)) found.set(key, { from, to, skew });
  }
  return [...found.values()];
}
