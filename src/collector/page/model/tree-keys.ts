import type { TreeNode } from './tree.ts';

/** The effect of a key in the tree: it moves the focus to a row, or opens or closes one. */
export type TreeMove =
  | { readonly focus: string }
  | { readonly expand: readonly string[] }
  | { readonly collapse: string };

/** The number of rows that Page Up and Page Down move. */
const PAGE_ROWS = 15;

/**
 * Handles the keys of the WAI-ARIA tree pattern, with `j` and `k` as aliases of the down and up arrows.
 *
 * @param rows the visible rows
 * @param id the row that has the focus
 * @see https://www.w3.org/WAI/ARIA/apg/patterns/treeview/
 */
export function moveByKey(
  key: string,
  rows: readonly TreeNode[],
  id: string,
  collapsed: ReadonlySet<string>,
): TreeMove | undefined {
  const index = rows.findIndex((row) => row.id === id);
  const node = rows[index];
  if (!node) return undefined;
  const to = (target: number) => focusOn(rows[Math.max(0, Math.min(rows.length - 1, target))]);
  const isClosed = node.children.length > 0 && collapsed.has(node.id);

  switch (key) {
    case 'ArrowDown':
    case 'j':
      return to(index + 1);
    case 'ArrowUp':
    case 'k':
      return to(index - 1);
    case 'PageDown':
      return to(index + PAGE_ROWS);
    case 'PageUp':
      return to(index - PAGE_ROWS);
    case 'Home':
      return to(0);
    case 'End':
      return to(rows.length - 1);
    case 'ArrowRight':
      return isClosed ? { expand: [node.id] } : focusOn(node.children[0]);
    case 'ArrowLeft':
      return node.children.length > 0 && !isClosed ? { collapse: node.id } : focusOn(node.parent);
    case '*':
      return { expand: rows.filter((row) => row.parent === node.parent).map((row) => row.id) };
    default:
      return undefined;
  }
}

/** Returns the next matching row, and continues from the top after the last one. */
export function nextMatch(
  rows: readonly TreeNode[],
  id: string | undefined,
  step: 1 | -1,
  fits: (row: TreeNode) => boolean,
): TreeNode | undefined {
  const from = rows.findIndex((row) => row.id === id);
  const start = from === -1 && step === -1 ? 0 : from;
  for (let count = 1; count <= rows.length; count++) {
    const row = rows[(start + step * count + rows.length * 2) % rows.length];
    if (row && fits(row)) return row;
  }
  return undefined;
}

function focusOn(node: TreeNode | undefined): TreeMove | undefined {
  return node && { focus: node.id };
}
