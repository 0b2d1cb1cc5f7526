import type { ClockSkew } from '../model/hop.ts';
import { formatDuration } from '../model/time-scale.ts';
import type { TreeNode } from '../model/tree.ts';

/** What the times of a run and of its caller say about the clocks of their services. */
export function describeClocks({ run, parent }: TreeNode, skew: ClockSkew | undefined): string {
  const own = run?.service ?? '';
  const callers = parent?.run?.service ?? '';
  switch (skew?.kind) {
    case 'early':
      return `The clock of ${own} is at least ${formatDuration(skew.by)} behind that of ${callers}.`;
    case 'raised':
      return `The clock of ${own} is behind that of ${callers}: the agent moved the start to the caller's.`;
    case 'late':
      return `${own} ends ${formatDuration(skew.by)} after its caller ${callers}: its clock is ahead, or ${callers} did not wait.`;
    default:
      return '';
  }
}
