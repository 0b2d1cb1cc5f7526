/** The range of equally high rows that are in view, plus some rows on both sides. `end` is exclusive. */
export interface RowWindow {
  readonly start: number;
  readonly end: number;
}

/** The number of rows rendered beyond each edge, so that they are ready when the user scrolls. */
const EXTRA_ROWS = 12;

export function rowsInView(scrollTop: number, height: number, rowHeight: number, count: number): RowWindow {
  const first = Math.floor(scrollTop / rowHeight) - EXTRA_ROWS;
  const last = Math.ceil((scrollTop + height) / rowHeight) + EXTRA_ROWS;
  return { start: Math.min(count, Math.max(0, first)), end: Math.min(count, Math.max(0, last)) };
}

/** Returns the scroll position that brings a row into view; `undefined` if it is in view. */
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
