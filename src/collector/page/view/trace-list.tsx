import { useEffect, useState } from 'preact/hooks';
import { formatDuration } from '../model/time-scale.ts';
import type { TraceSummary } from '../model/wire.ts';
import { Icon, ServiceChip } from './marks.tsx';
import { type RowProps, VirtualRows } from './virtual-rows.tsx';

const ROW_HEIGHT = 68;
/** A trace that started less than this many milliseconds ago is shown as new. */
const FRESH_MS = 3000;
const MAX_CHIPS = 4;

interface Props {
  readonly traces: readonly TraceSummary[];
  /** The number of traces without the search. */
  readonly known: number;
  /** The number of traces that the collector holds. */
  readonly total: number;
  readonly shownId: string | undefined;
  readonly focusRequest: number;
  readonly onOpen: (traceId: string) => void;
}

export function TraceList({ traces, known, total, shownId, focusRequest, onOpen }: Props) {
  const [activeId, setActiveId] = useState<string>();
  const [request, setRequest] = useState(0);
  useEffect(() => {
    if (shownId !== undefined) setActiveId(shownId);
  }, [shownId]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const index = Math.max(
      0,
      traces.findIndex((trace) => trace.id === activeId),
    );
    const target = targetOf(event.key, index, traces.length);
    if (event.key === 'Enter' || event.key === ' ' || event.key === 'ArrowRight') {
      const trace = traces[index];
      if (trace) onOpen(trace.id);
    } else if (target !== undefined) {
      setActiveId(traces[target]?.id);
      setRequest((count) => count + 1);
    } else return;
    event.preventDefault();
  };

  const renderRow = (trace: TraceSummary, props: RowProps) => (
    <TraceRow
      key={trace.id}
      trace={trace}
      isShown={trace.id === shownId}
      position={traces.indexOf(trace) + 1}
      count={traces.length}
      rowProps={props}
      onOpen={() => {
        setActiveId(trace.id);
        onOpen(trace.id);
      }}
    />
  );

  return (
    <nav class="list" aria-label="Traces">
      <ListCount traces={traces} known={known} total={total} />
      <VirtualRows
        role="listbox"
        label="Traces, newest first"
        rows={traces}
        rowHeight={ROW_HEIGHT}
        activeId={activeId}
        focusRequest={request + focusRequest}
        onKeyDown={onKeyDown}
        renderRow={renderRow}
      />
    </nav>
  );
}

function targetOf(key: string, index: number, count: number): number | undefined {
  switch (key) {
    case 'ArrowDown':
    case 'j':
      return Math.min(count - 1, index + 1);
    case 'ArrowUp':
    case 'k':
      return Math.max(0, index - 1);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return undefined;
  }
}

function ListCount({ traces, known, total }: Pick<Props, 'traces' | 'known' | 'total'>) {
  const failed = traces.filter((trace) => trace.errors > 0).length;
  const count =
    traces.length === known ? plural(known, 'trace') : `${traces.length} of ${plural(known, 'trace')}`;
  return (
    <p class="list-count" role="status">
      <span>{count}</span>
      {failed > 0 && <span class="error-text">{failed} with errors</span>}
      {total > known && <span>{total - known} older not listed</span>}
    </p>
  );
}

interface RowOptions {
  readonly trace: TraceSummary;
  readonly isShown: boolean;
  readonly position: number;
  readonly count: number;
  readonly rowProps: RowProps;
  readonly onOpen: () => void;
}

function TraceRow({ trace, isShown, position, count, rowProps, onOpen }: RowOptions) {
  const { name, endTime, startTime, errors, services, preview } = trace;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list handles the keys of its rows
    <div
      {...rowProps}
      tabIndex={rowProps.tabIndex}
      class={`trace-row ${Date.now() - startTime < FRESH_MS ? 'fresh' : ''}`}
      role="option"
      aria-selected={isShown}
      aria-posinset={position}
      aria-setsize={count}
      onClick={onOpen}
    >
      <span class="line">
        {errors > 0 && <Icon name="cross" class="error-text" />}
        <span class="name">{name || '(no name)'}</span>
        <span class="duration">
          {endTime === undefined ? 'running' : formatDuration(endTime - startTime)}
        </span>
      </span>
      <span class="line">
        <span class="preview">{preview}</span>
        {errors > 0 && <span class="visually-hidden">{plural(errors, 'error')},</span>}
      </span>
      <span class="line small">
        <time>{clockTime(startTime)}</time>
        <span>{plural(trace.runs, 'run')}</span>
        {errors > 0 && (
          <span class="error-text" aria-hidden="true">
            {plural(errors, 'error')}
          </span>
        )}
        <span class="chips">
          {services.slice(0, MAX_CHIPS).map((service) => (
            <ServiceChip key={service} service={service} />
          ))}
          {services.length > MAX_CHIPS && `+${services.length - MAX_CHIPS}`}
        </span>
        <span class="visually-hidden">{services.join(', ')}</span>
      </span>
    </div>
  );
}

export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

/** Formats the time of day, with the date if it is not today. */
export function clockTime(time: number): string {
  const date = new Date(time);
  const clock = date.toLocaleTimeString('en-GB');
  return date.toDateString() === new Date().toDateString() ? clock : `${date.toLocaleDateString()} ${clock}`;
}
