import { useMemo } from 'preact/hooks';
import { type Hop, hopTo } from '../model/hop.ts';
import { formatDuration, percentAt, type TimeAxis } from '../model/time-scale.ts';
import type { TreeNode } from '../model/tree.ts';
import type { RunSummary } from '../model/wire.ts';
import { HopGaps } from './hop-gaps.tsx';
import { colorClass, Icon, ServiceChip } from './marks.tsx';
import { describeSkew } from './skew-text.ts';
import { plural } from './trace-list.tsx';
import type { RowProps } from './virtual-rows.tsx';

const INDENT = 18;
/** Rows below this level are not indented further, but show their level as a number. */
const MAX_INDENTS = 12;

interface Props {
  readonly node: TreeNode;
  readonly axis: TimeAxis;
  readonly isCollapsed: boolean;
  readonly isSelected: boolean;
  readonly isDimmed: boolean;
  readonly rowProps: RowProps;
  readonly onToggle: () => void;
  readonly onOpen: () => void;
}

export function RunRow({ node, axis, isCollapsed, isSelected, isDimmed, rowProps, onToggle, onOpen }: Props) {
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
        {run && hop && <HopGaps hop={hop} run={run} axis={axis} />}
        {run && <Bar run={run} axis={axis} />}
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

function Bar({ run, axis }: { run: RunSummary; axis: TimeAxis }) {
  const left = percentAt(run.startTime, axis);
  const width = percentAt(run.endTime ?? axis.end, axis) - left;
  const state = `${run.endTime === undefined ? 'open' : ''} ${run.error === undefined ? '' : 'failed'}`;
  return (
    <span
      class={`bar-track ${colorClass(run.service)} ${state}`}
      style={{ left: `${left}%`, width: `${width}%` }}
    />
  );
}

function durationText({ startTime, endTime }: RunSummary): string {
  return endTime === undefined ? 'running' : formatDuration(endTime - startTime);
}
