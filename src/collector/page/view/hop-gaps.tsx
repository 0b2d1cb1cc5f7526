import type { Hop } from '../model/hop.ts';
import { formatDuration, percentAt, type TimeAxis } from '../model/time-scale.ts';
import type { RunSummary } from '../model/wire.ts';
import { colorClass } from './marks.tsx';

/** The minimum width in pixels of a gap that shows its duration, and of one that also shows a description. */
const LABEL_WIDTH = 76;
const WORDS_WIDTH = 190;

/** Draws the time between the services as dotted lines in the colour of the caller. */
export function HopGaps({ hop, run, axis }: { hop: Hop; run: RunSummary; axis: TimeAxis }) {
  return (
    <>
      <Gap from={hop.leftAt} to={run.startTime} side="before" hop={hop} axis={axis} />
      {hop.backAt !== undefined && run.endTime !== undefined && (
        <Gap from={run.endTime} to={hop.backAt} side="after" hop={hop} axis={axis} />
      )}
    </>
  );
}

interface GapProps {
  readonly from: number;
  readonly to: number;
  readonly side: 'before' | 'after';
  readonly hop: Hop;
  readonly axis: TimeAxis;
}

function Gap({ from, to, side, hop, axis }: GapProps) {
  if (to <= from) return null;
  const left = percentAt(from, axis);
  const width = percentAt(to, axis) - left;
  const pixels = (width / 100) * axis.width;
  const duration = formatDuration(to - from);
  return (
    <span
      class={`gap ${side} ${colorClass(hop.from)}`}
      title={`${duration} ${side} ${hop.to}: network, queues and the caller's own work`}
      style={{ left: `${left}%`, width: `${width}%` }}
    >
      {pixels >= LABEL_WIDTH && (
        <span class="gap-label">
          {pixels >= WORDS_WIDTH && 'network, queue '}
          {duration}
        </span>
      )}
    </span>
  );
}
