import type { RunSummary } from './wire.ts';

/** A row of the waterfall: a run, or a placeholder for runs that have no usable parent. */
export interface TreeNode {
  /** The run's id; for a placeholder, the id of the run that it represents. */
  readonly id: string;
  readonly run?: RunSummary;
  /** The reason for a placeholder: the parent has not arrived, or the runs below it form a loop of parents. */
  readonly standIn?: 'missing' | 'loop';
  readonly parent?: TreeNode;
  /** The level in the tree, 1 for the top, as in `aria-level`. */
  readonly level: number;
  readonly children: TreeNode[];
  /** The nodes with the same parent, or all top nodes, including this one. */
  readonly siblings: readonly TreeNode[];
  /** The position among the siblings, from 1, as in `aria-posinset`. */
  readonly position: number;
  /** The number of failed runs below this one. */
  errorsBelow: number;
}

export interface TraceTree {
  readonly top: readonly TreeNode[];
  readonly byId: ReadonlyMap<string, TreeNode>;
}

const LOOP_ID = 'loop';

/**
 * Builds the tree of a trace. Runs whose parent has not arrived are placed under a placeholder for the parent, and
 * runs whose parents form a loop are placed under another one. Each run appears once.
 *
 * @param runs in the order that siblings should have
 */
export function buildTree(runs: readonly RunSummary[]): TraceTree {
  const known = new Set(runs.map((run) => run.id));
  const childrenOf = new Map<string, RunSummary[]>();
  for (const run of runs) {
    if (run.parentRunId === undefined) continue;
    const siblings = childrenOf.get(run.parentRunId);
    if (siblings) siblings.push(run);
    else childrenOf.set(run.parentRunId, [run]);
  }

  const top: TreeNode[] = [];
  const byId = new Map<string, TreeNode>();
  const addTop = (
    id: string,
    content: Pick<TreeNode, 'run' | 'standIn'>,
    children: readonly RunSummary[],
  ) => {
    const node = makeNode(id, content, undefined, top);
    top.push(node);
    byId.set(id, node);
    addBelow(node, children, childrenOf, byId);
  };

  for (const run of runs) {
    if (run.parentRunId === undefined) addTop(run.id, { run }, childrenOf.get(run.id) ?? []);
  }
  for (const [parentId, orphans] of childrenOf) {
    if (!known.has(parentId)) addTop(parentId, { standIn: 'missing' }, orphans);
  }
  for (const run of runs) {
    if (!byId.has(run.id)) addTop(`${LOOP_ID}-${run.id}`, { standIn: 'loop' }, [run]);
  }
  return { top, byId };
}

/** Returns the nodes in row order, without the descendants of collapsed nodes. */
export function visibleNodes(tree: TraceTree, collapsed: ReadonlySet<string>): TreeNode[] {
  const rows: TreeNode[] = [];
  const pending = [...tree.top].reverse();
  for (let node = pending.pop(); node; node = pending.pop()) {
    rows.push(node);
    if (collapsed.has(node.id)) continue;
    for (let index = node.children.length - 1; index >= 0; index--)
      pending.push(node.children[index] as TreeNode);
  }
  return rows;
}

/** Iterative, because runs can be nested deeper than the stack allows. */
function addBelow(
  start: TreeNode,
  children: readonly RunSummary[],
  childrenOf: ReadonlyMap<string, readonly RunSummary[]>,
  byId: Map<string, TreeNode>,
): void {
  const pending: [TreeNode, readonly RunSummary[]][] = [[start, children]];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const [parent, runs] = next;
    for (const run of runs) {
      if (byId.has(run.id)) continue;
      const node = makeNode(run.id, { run }, parent, parent.children);
      parent.children.push(node);
      byId.set(run.id, node);
      if (run.error !== undefined) countError(node);
      const below = childrenOf.get(run.id);
      if (below) pending.push([node, below]);
    }
  }
}

function countError(node: TreeNode): void {
  for (let above = node.parent; above; above = above.parent) above.errorsBelow++;
}

function makeNode(
  id: string,
  content: Pick<TreeNode, 'run' | 'standIn'>,
  parent: TreeNode | undefined,
  siblings: readonly TreeNode[],
): TreeNode {
  const level = (parent?.level ?? 0) + 1;
  const position = siblings.length + 1;
  const place = { ...(parent && { parent }), level, siblings, position };
  return { id, ...content, ...place, children: [], errorsBelow: 0 };
}
