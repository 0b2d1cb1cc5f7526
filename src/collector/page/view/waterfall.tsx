import { useRef } from 'preact/hooks';
import { formatTick, percentAt, spanOf, ticks } from '../model/time-scale.ts';
import type { TreeNode } from '../model/tree.ts';
import type { RunSummary } from '../model/wire.ts';
import { useMedia, useNow, useWidth } from './hooks.ts';
import { RunRow } from './run-row.tsx';
import { type RowProps, VirtualRows } from './virtual-rows.tsx';

const AXIS_HEIGHT = 32;
/** The width in pixels of a mark of the axis and its label. */
const MARK_WIDTH = 76;
/** Labels further to the right would overlap the next column. */
const LAST_LABEL_PERCENT = 93;
const ROW_HEIGHT = 32;
/** On a narrow screen the bar is below the name. */
const NARROW_ROW_HEIGHT = 50;
const NARROW = '(max-width: 760px)';

interface Props {
  readonly rows: readonly TreeNode[];
  /** All runs of the trace, which determine the time span. */
  readonly runs: readonly RunSummary[];
  readonly collapsed: ReadonlySet<string>;
  readonly matching: ReadonlySet<string> | undefined;
  readonly activeId: string | undefined;
  readonly selectedId: string | undefined;
  readonly focusRequest: number;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly onToggle: (id: string) => void;
  readonly onOpen: (id: string) => void;
}

export function Waterfall(props: Props) {
  const { rows, runs, collapsed, matching, selectedId } = props;
  const isNarrow = useMedia(NARROW);
  const now = useNow(runs.some((run) => run.endTime === undefined));
  const span = spanOf(runs, now);
  const timeAxis = useRef<HTMLSpanElement>(null);
  const width = useWidth(timeAxis);
  const marks = ticks(span.end - span.start, Math.max(1, width / MARK_WIDTH));

  // A row is kept while the user scrolls, so its callbacks read the latest props.
  const latest = useRef(props);
  latest.current = props;

  const renderRow = (node: TreeNode, rowProps: RowProps) => (
    <RunRow
      key={node.id}
      node={node}
      axis={{ ...span, width }}
      isCollapsed={collapsed.has(node.id)}
      isSelected={node.id === selectedId}
      isDimmed={matching !== undefined && !matching.has(node.id)}
      rowProps={rowProps}
      onToggle={() => latest.current.onToggle(node.id)}
      onOpen={() => latest.current.onOpen(node.id)}
    />
  );

  const axis = (
    <div class="axis" aria-hidden="true">
      <span class="axis-name">Run</span>
      <span class="axis-time" ref={timeAxis}>
        {marks
          .filter((mark) => percentAt(span.start + mark, span) < LAST_LABEL_PERCENT)
          .map((mark) => (
            <span key={mark} style={{ left: `${percentAt(span.start + mark, span)}%` }}>
              {formatTick(mark)}
            </span>
          ))}
      </span>
      <span class="axis-duration">Duration</span>
    </div>
  );
  const gridLines = (
    <div class="grid-lines" aria-hidden="true">
      {marks.map((mark) => (
        <span key={mark} style={{ left: `${percentAt(span.start + mark, span)}%` }} />
      ))}
    </div>
  );

  return (
    <div class="waterfall">
      <VirtualRows
        role="tree"
        label="Runs"
        rows={rows}
        rowHeight={isNarrow ? NARROW_ROW_HEIGHT : ROW_HEIGHT}
        activeId={props.activeId}
        focusRequest={props.focusRequest}
        header={axis}
        headerHeight={AXIS_HEIGHT}
        backdrop={gridLines}
        onKeyDown={props.onKeyDown}
        renderRow={renderRow}
      />
    </div>
  );
}
