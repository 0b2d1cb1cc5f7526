import type { CollectedRun } from './types.ts';

/** A line of the tree: a run, or a note about the runs below it. */
export interface TreeLine {
  readonly prefix: string;
  readonly run?: CollectedRun;
  readonly note?: string;
}

interface TreeNode {
  readonly prefix: string;
  /** The prefix of the lines below this one. */
  readonly indent: string;
  readonly depth: number;
  readonly run?: CollectedRun;
  readonly note?: string;
  readonly children: readonly CollectedRun[];
}

/**
 * Below this depth the branch lines of the levels above are counted instead of drawn, because a chain of 50 runs
 * would leave no room for names.
 */
const MAX_DRAWN_DEPTH = 10;

/**
 * Lays out the runs of one trace as a tree, with children sorted by dotted order. Runs whose parent is missing, and
 * runs whose parents form a loop, come last, under a note.
 */
export function layOutTree(runs: readonly CollectedRun[]): TreeLine[] {
  const sorted = [...runs].sort(byDottedOrder);
  const ids = new Set(sorted.map((run) => run.id));
  const children = groupByParent(sorted.filter((run) => run.parentRunId !== undefined));
  const lines: TreeLine[] = [];
  const drawn = new Set<string>();

  const draw = (top: TreeNode) => {
    // Iterative, because runs can be nested deeper than the stack allows.
    const pending = [top];
    for (let node = pending.pop(); node; node = pending.pop()) {
      if (node.run && drawn.has(node.run.id)) continue;
      if (node.run) drawn.add(node.run.id);
      lines.push(node);
      for (const [index, run] of [...node.children.entries()].reverse()) {
        const isLast = index === node.children.length - 1;
        pending.push(childNode(node, run, isLast, children.get(run.id) ?? []));
      }
    }
  };

  for (const run of sorted) {
    if (run.parentRunId === undefined) draw(topNode({ run, children: children.get(run.id) ?? [] }));
  }
  for (const [parentId, orphans] of children) {
    if (!ids.has(parentId)) draw(topNode({ note: `(parent ${parentId} is missing)`, children: orphans }));
  }
  for (const run of sorted) {
    if (!drawn.has(run.id)) draw(topNode({ note: '(parents form a loop)', children: [run] }));
  }
  return lines;
}

function topNode(content: Pick<TreeNode, 'run' | 'note' | 'children'>): TreeNode {
  return { prefix: '', indent: '', depth: 0, ...content };
}

function childNode(
  parent: TreeNode,
  run: CollectedRun,
  isLast: boolean,
  children: readonly CollectedRun[],
): TreeNode {
  const depth = parent.depth + 1;
  const branch = isLast ? '└─ ' : '├─ ';
  if (depth > MAX_DRAWN_DEPTH) return { prefix: `⋯ ${depth} ${branch}`, indent: '', depth, run, children };
  return {
    prefix: parent.indent + branch,
    indent: parent.indent + (isLast ? '   ' : '│  '),
    depth,
    run,
    children,
  };
}

function byDottedOrder(a: CollectedRun, b: CollectedRun): number {
  if (a.dottedOrder === b.dottedOrder) return 0;
  return a.dottedOrder < b.dottedOrder ? -1 : 1;
}

function groupByParent(runs: readonly CollectedRun[]): Map<string, CollectedRun[]> {
  const groups = new Map<string, CollectedRun[]>();
  for (const run of runs) {
    const parentId = run.parentRunId ?? '';
    const group = groups.get(parentId);
    if (group) group.push(run);
    else groups.set(parentId, [run]);
  }
  return groups;
}
