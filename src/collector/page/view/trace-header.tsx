import type { ComponentChildren } from 'preact';
import type { SkewBetween } from '../model/hop.ts';
import { formatDuration } from '../model/time-scale.ts';
import type { TraceSummary } from '../model/wire.ts';
import { CopyButton } from './copy-button.tsx';
import { Icon, ServiceChip } from './marks.tsx';
import { describeSkew } from './skew-text.ts';
import { clockTime, plural } from './trace-list.tsx';

const MAX_SKEWS = 3;

interface Props {
  readonly traceId: string;
  readonly summary: TraceSummary | undefined;
  readonly problem: string | undefined;
  readonly skews: readonly SkewBetween[];
  readonly missing: number;
  /** The number of runs that match the search; `undefined` without a search. */
  readonly matching: number | undefined;
  readonly onBack: () => void;
  readonly onSearch: (query: string) => void;
}

export function TraceHeader(props: Props) {
  const { traceId, summary, matching } = props;
  return (
    <div class="trace-header">
      <div class="title">
        <button type="button" class="quiet back" aria-label="Back to the list" onClick={props.onBack}>
          <Icon name="back" />
        </button>
        <h2>{summary?.name || `Trace ${traceId}`}</h2>
        {summary && <Status summary={summary} />}
        <span class="grow" />
        <CopyButton label="Copy trace id" text={() => traceId} />
      </div>
      {summary && (
        <div class="facts">
          <Fact label="Duration">
            {summary.endTime === undefined ? 'running' : formatDuration(summary.endTime - summary.startTime)}
          </Fact>
          <Fact label="Started">{clockTime(summary.startTime)}</Fact>
          <Fact label="Runs">{summary.runs.toLocaleString('en')}</Fact>
          {summary.project !== undefined && <Fact label="Project">{summary.project}</Fact>}
          <span class="grow" />
          <span class="services">
            {summary.services.map((service) => (
              <button
                type="button"
                class="service"
                key={service}
                title={`Search for service:${service}`}
                onClick={() => props.onSearch(`service:${service}`)}
              >
                <ServiceChip service={service} /> {service}
              </button>
            ))}
          </span>
        </div>
      )}
      <div role="status">
        <Notes {...props} />
        {matching !== undefined && <p class="matching">{matchText(matching)}</p>}
      </div>
    </div>
  );
}

function matchText(matching: number): string {
  if (matching === 0) return 'No run of this trace matches.';
  if (matching === 1) return '1 run of this trace matches.';
  return `${matching.toLocaleString('en')} runs of this trace match: n and p go through them.`;
}

function Status({ summary }: { summary: TraceSummary }) {
  if (summary.errors > 0) {
    return (
      <span class="status failed">
        <Icon name="cross" /> {plural(summary.errors, 'error')}
      </span>
    );
  }
  return summary.endTime === undefined ? <span class="status">running</span> : null;
}

function Fact({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <span class="fact">
      <span class="label">{label}</span> {children}
    </span>
  );
}

/** Shows the reasons why the trace may be incomplete or its times inexact. */
function Notes({ problem, missing, skews }: Props) {
  if (problem === undefined && missing === 0 && skews.length === 0) return null;
  return (
    <div class="notes">
      {problem !== undefined && <Note icon="alert">{problem}. The collector may have dropped it.</Note>}
      {missing > 0 && (
        <Note icon="unseen">
          {missing === 1 ? 'A caller has' : `${missing} callers have`} not been seen: a service publishes
          elsewhere, or its run has not arrived yet.
        </Note>
      )}
      {skews.slice(0, MAX_SKEWS).map(({ from, to, skew }) => (
        <Note key={`${from} ${to} ${skew.kind}`} icon="clock">
          {describeSkew(from, to, skew)}
        </Note>
      ))}
      {skews.length > MAX_SKEWS && (
        <Note icon="clock">The clocks of {skews.length - MAX_SKEWS} more pairs of services differ.</Note>
      )}
    </div>
  );
}

function Note({ icon, children }: { icon: 'alert' | 'clock' | 'unseen'; children: ComponentChildren }) {
  return (
    <p class="note">
      <Icon name={icon} />
      <span>{children}</span>
    </p>
  );
}
