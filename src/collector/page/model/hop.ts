import type { TreeNode } from './tree.ts';

/** A call from one service to another, seen from the run of the called service. Times are in milliseconds. */
export interface Hop {
  readonly from: string;
  readonly to: string;
  /** The start of the gap before the run, which is the caller's own work, the network and queues. */
  readonly leftAt: number;
  /** The end of the gap after the run, which has the same causes. Absent while either run has not ended. */
  readonly backAt?: number;
  /** The sign, if any, that the clocks of the two services disagree. */
  readonly skew?: ClockSkew;
}

export interface ClockSkew {
  /**
   * - `early`: the run starts before its caller, so the called service's clock is behind.
   * - `raised`: the agent moved the run's start to the caller's start, because the clock is behind.
   * - `late`: the run ends after its caller: the clock is ahead, or the caller did not wait.
   */
  readonly kind: 'early' | 'raised' | 'late';
  /** The minimum difference in milliseconds; 0 if it is unknown. */
  readonly by: number;
}

/**
 * Returns the hop that leads to a run, if its parent is a run of another service. The gaps before and after the run
 * extend to the nearest sibling that ends before it or starts after it, or otherwise to the start and end of the
 * caller's run.
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

/**
 * Detects clock skew between a run and its parent. Runs of one service are timed by the same clock and are not
 * compared.
 */
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

/** The clock skew that one or more calls between two services show. */
export interface SkewBetween {
  readonly from: string;
  readonly to: string;
  readonly skew: ClockSkew;
}

/** Returns one entry for each pair of services and kind of skew, with the largest difference. */
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
