/** The rows of one height that are in view, and some more on both sides. `end` is exclusive. */
export interface RowWindow {
  readonly start: number;
  readonly end: number;
}

/** Rows beyond the edges that are drawn ahead of a scroll. */
const EXTRA_ROWS = 12;

export function rowsInView(scrollTop: number, height: number, rowHeight: number, count: number): RowWindow {
  const first = Math.floor(scrollTop / rowHeight) - EXTRA_ROWS;
  const last = Math.ceil((scrollTop + height) / rowHeight) + EXTRA_ROWS;
  return { start: Math.min(count, Math.max(0, first)), end: Math.min(count, Math.max(0, last)) };
}

/** Where to scroll so that a row is in view; `undefined` if it is. */
export function scrollTopFor(
  index: number,
  scrollTop: number,
  height: number,
  rowHeight: number,
): number | undefined {
  const top = index * rowHeight;
  if (top < scrollTop) return top;
  if (top + rowHeight > scrollTop + height) return top + rowHeight - height;
  return undefined;
}
