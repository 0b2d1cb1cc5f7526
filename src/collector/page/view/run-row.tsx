import { useMemo } from 'preact/hooks';
import { type Hop, hopTo } from '../model/hop.ts';
import { formatDuration, percentAt, type Span } from '../model/time-scale.ts';
import type { TreeNode } from '../model/tree.ts';
import type { RunSummary } from '../model/wire.ts';
import { colorClass, Icon, ServiceChip } from './marks.tsx';
import { describeSkew } from './skew-text.ts';
import { plural } from './trace-list.tsx';
import type { RowProps } from './virtual-rows.tsx';

const INDENT = 18;
/** Deeper rows are not moved further in, but say how deep they are. */
const MAX_INDENTS = 12;
/** A gap this wide, in percent of the time axis, has room for its duration, and for what it is. */
const LABEL_PERCENT = 25;
const WORDS_PERCENT = 60;

interface Props {
  readonly node: TreeNode;
  readonly span: Span;
  readonly isCollapsed: boolean;
  readonly isSelected: boolean;
  readonly isDimmed: boolean;
  readonly rowProps: RowProps;
  readonly onToggle: () => void;
  readonly onOpen: () => void;
}

export function RunRow({ node, span, isCollapsed, isSelected, isDimmed, rowProps, onToggle, onOpen }: Props) {
  const { run, children } = node;
  const hop = useMemo(() => hopTo(node), [node]);
  const classes = ['run-row', run?.error !== undefined && 'failed', isDimmed && 'dimmed', !run && 'stand-in'];
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree handles the keys of its rows
    <div
      {...rowProps}
      tabIndex={rowProps.tabIndex}
      class={classes.filter(Boolean).join(' ')}
      role="treeitem"
      aria-level={node.level}
      aria-posinset={node.position}
      aria-setsize={node.siblings.length}
      aria-expanded={children.length > 0 ? !isCollapsed : undefined}
      aria-selected={isSelected}
      onClick={onOpen}
    >
      <span class="run-name">
        <Indent level={node.level} />
        <span
          class={`twisty ${children.length === 0 ? 'leaf' : ''} ${isCollapsed ? '' : 'open'}`}
          aria-hidden="true"
          onClick={(event) => {
            if (children.length === 0) return;
            event.stopPropagation();
            onToggle();
          }}
        >
          {children.length > 0 && <Icon name="chevron" />}
        </span>
        {run ? (
          <RunName node={node} run={run} hop={hop} isCollapsed={isCollapsed} />
        ) : (
          <StandIn node={node} />
        )}
      </span>
      <span class="run-time" aria-hidden="true">
        {run && hop && <HopGaps hop={hop} run={run} span={span} />}
        {run && <Bar run={run} span={span} />}
      </span>
      <span class="run-duration">{run && durationText(run)}</span>
    </div>
  );
}

function Indent({ level }: { level: number }) {
  const steps = Math.min(level - 1, MAX_INDENTS);
  return (
    <>
      <span class="indent" style={{ width: `${steps * INDENT}px` }} aria-hidden="true" />
      {level - 1 > MAX_INDENTS && <span class="depth">{level - 1}</span>}
    </>
  );
}

interface NameProps {
  readonly node: TreeNode;
  readonly run: RunSummary;
  readonly hop: Hop | undefined;
  readonly isCollapsed: boolean;
}

function RunName({ node, run, hop, isCollapsed }: NameProps) {
  const skew = hop?.skew && describeSkew(hop.from, hop.to, hop.skew);
  return (
    <>
      {node.level > 1 && <span class="hop-slot">{hop && <Icon name="arrow" />}</span>}
      <ServiceChip service={run.service} />
      {run.error !== undefined && <Icon name="cross" class="error-text" />}
      <span class="name">{run.name || '(no name)'}</span>
      <span class="type">{run.runType}</span>
      <span class="visually-hidden">
        {run.service !== undefined && `, ${run.service}`}
        {hop && `, called by ${hop.from}`}
        {run.error !== undefined && ', error:'}
      </span>
      {run.error !== undefined && <span class="row-error">{run.error}</span>}
      {isCollapsed && node.errorsBelow > 0 && (
        <span class="row-error">{plural(node.errorsBelow, 'error')} inside</span>
      )}
      {skew && (
        <span class="clock" title={skew}>
          <Icon name="clock" />
          <span class="visually-hidden">{skew}</span>
        </span>
      )}
    </>
  );
}

function StandIn({ node }: { node: TreeNode }) {
  const isLoop = node.standIn === 'loop';
  return (
    <>
      <Icon name="unseen" />
      <span class="name">{isLoop ? 'Parents form a loop' : 'Caller not seen'}</span>
      {!isLoop && <span class="type">{node.id}</span>}
    </>
  );
}

function Bar({ run, span }: { run: RunSummary; span: Span }) {
  const left = percentAt(run.startTime, span);
  const width = percentAt(run.endTime ?? span.end, span) - left;
  const state = `${run.endTime === undefined ? 'open' : ''} ${run.error === undefined ? '' : 'failed'}`;
  return (
    <span
      class={`bar-track ${colorClass(run.service)} ${state}`}
      style={{ left: `${left}%`, width: `${width}%` }}
    />
  );
}

/** The time between the services, as dotted lines in the colour of the caller. */
function HopGaps({ hop, run, span }: { hop: Hop; run: RunSummary; span: Span }) {
  return (
    <>
      <Gap from={hop.leftAt} to={run.startTime} side="before" hop={hop} span={span} />
      {hop.backAt !== undefined && run.endTime !== undefined && (
        <Gap from={run.endTime} to={hop.backAt} side="after" hop={hop} span={span} />
      )}
    </>
  );
}

interface GapProps {
  readonly from: number;
  readonly to: number;
  readonly side: 'before' | 'after';
  readonly hop: Hop;
  readonly span: Span;
}

function Gap({ from, to, side, hop, span }: GapProps) {
  if (to <= from) return null;
  const left = percentAt(from, span);
  const width = percentAt(to, span) - left;
  const text = `${formatDuration(to - from)} ${side} ${hop.to}: network, queues and the caller's own work`;
  return (
    <span
      class={`gap ${side} ${colorClass(hop.from)}`}
      title={text}
      style={{ left: `${left}%`, width: `${width}%` }}
    >
      {width >= LABEL_PERCENT && (
        <span class="gap-label">
          {width >= WORDS_PERCENT && 'network, queue '}
          {formatDuration(to - from)}
        </span>
      )}
    </span>
  );
}

function durationText({ startTime, endTime }: RunSummary): string {
  return endTime === undefined ? 'running' : formatDuration(endTime - startTime);
}
