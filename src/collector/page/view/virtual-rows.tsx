import type { ComponentChildren, VNode } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { rowsInView, scrollTopFor } from '../model/row-window.ts';

/** The attributes that a row needs to be focusable. */
export interface RowProps {
  readonly 'data-row': string;
  readonly tabIndex: number;
  readonly style: { readonly top: string; readonly height: string };
}

interface Props<Row extends { readonly id: string }> {
  readonly role: 'tree' | 'listbox';
  readonly label: string;
  readonly rows: readonly Row[];
  readonly rowHeight: number;
  /** The row that the Tab key reaches. */
  readonly activeId: string | undefined;
  /** The active row is focused whenever this number changes. */
  readonly focusRequest: number;
  readonly header?: VNode;
  readonly headerHeight?: number;
  /** Content that is drawn behind the rows. */
  readonly backdrop?: ComponentChildren;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  /** Passing a new function renders all rows again. */
  readonly renderRow: (row: Row, props: RowProps) => VNode;
}

/** A scrolling list of equally high rows. Only the rows in view and the active row are rendered. */
export function VirtualRows<Row extends { readonly id: string }>(props: Props<Row>) {
  const { rows, rowHeight, headerHeight = 0, activeId, focusRequest } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 0 });
  const firstInView = useRef<string | undefined>(undefined);
  const lastFocusRequest = useRef(focusRequest);

  const measure = () => {
    const { scrollTop: top = 0, clientHeight = 0 } = scroller.current ?? {};
    const height = clientHeight - headerHeight;
    setView((before) => (before.top === top && before.height === height ? before : { top, height }));
    firstInView.current = top > 0 ? rows[Math.floor(top / rowHeight)]?.id : undefined;
  };
  const latestMeasure = useRef(measure);
  latestMeasure.current = measure;
  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => latestMeasure.current());
    if (scroller.current) observer.observe(scroller.current);
    return () => observer.disconnect();
  }, []);

  // Rows that arrive above the first visible row must not move the rows that the user looks at.
  useLayoutEffect(() => {
    const index = rows.findIndex((row) => row.id === firstInView.current);
    if (index === -1 || !scroller.current) return;
    scroller.current.scrollTop += (index - Math.floor(scroller.current.scrollTop / rowHeight)) * rowHeight;
  }, [rows]);

  useLayoutEffect(() => {
    if (focusRequest === lastFocusRequest.current) return;
    if (rows.length === 0 || !scroller.current) return;
    lastFocusRequest.current = focusRequest;
    const index = Math.max(
      0,
      rows.findIndex((row) => row.id === activeId),
    );
    const height = scroller.current.clientHeight - headerHeight;
    const top = scrollTopFor(index, scroller.current.scrollTop, height, rowHeight);
    if (top !== undefined) scroller.current.scrollTop = top;
    scroller.current.querySelector<HTMLElement>('[tabindex="0"]')?.focus({ preventScroll: true });
  }, [focusRequest, activeId, rows]);

  const { start, end } = rowsInView(view.top, view.height, rowHeight, rows.length);
  const active = Math.max(
    0,
    rows.findIndex((row) => row.id === activeId),
  );
  // While only the scroll position changes, a row that stays in view keeps its element and is not rendered again.
  const drawn = useRef<{ by: unknown; rows: Map<string, VNode> }>({ by: undefined, rows: new Map() });
  if (drawn.current.by !== props.renderRow) drawn.current = { by: props.renderRow, rows: new Map() };
  const drawRow = (index: number) => {
    const row = rows[index] as Row;
    const tabIndex = index === active ? 0 : -1;
    const known = drawn.current.rows.get(`${row.id} ${tabIndex}`);
    if (known) return known;
    const style = { top: `${index * rowHeight}px`, height: `${rowHeight}px` };
    const element = props.renderRow(row, { 'data-row': row.id, tabIndex, style });
    drawn.current.rows.set(`${row.id} ${tabIndex}`, element);
    return element;
  };
  const indexes = Array.from({ length: end - start }, (_, offset) => start + offset);
  if (active < start) indexes.unshift(active);
  else if (active >= end && active < rows.length) indexes.push(active);

  return (
    <div class="scroller" ref={scroller} onScroll={measure}>
      {props.header}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the role is a property */}
      {/* biome-ignore lint/a11y/useAriaPropsSupportedByRole: the role is a property */}
      <div
        class="rows"
        role={props.role}
        aria-label={props.label}
        style={{ height: `${rows.length * rowHeight}px` }}
        onKeyDown={props.onKeyDown}
      >
        {props.backdrop}
        {indexes.map(drawRow)}
      </div>
    </div>
  );
}
