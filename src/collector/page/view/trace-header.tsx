import type { ComponentChildren } from 'preact';
import { skewOf } from '../model/hop.ts';
import { formatDuration } from '../model/time-scale.ts';
import type { TreeNode } from '../model/tree.ts';
import type { TraceSummary } from '../model/wire.ts';
import { CopyButton } from './copy-button.tsx';
import { Icon, ServiceChip } from './marks.tsx';
import { describeClocks } from './skew-text.ts';
import { clockTime, plural } from './trace-list.tsx';

interface Props {
  readonly traceId: string;
  readonly summary: TraceSummary | undefined;
  readonly problem: string | undefined;
  /** The rows whose times show that two clocks differ. */
  readonly skewed: readonly TreeNode[];
  readonly missing: number;
  /** How many runs the search finds; `undefined` without a search. */
  readonly matching: number | undefined;
  readonly onBack: () => void;
  readonly onSearch: (query: string) => void;
}

export function TraceHeader(props: Props) {
  const { traceId, summary, problem, matching } = props;
  const clocks = [...new Set(props.skewed.map((row) => describeClocks(row, skewOf(row))))];
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
        {problem !== undefined && <Note icon="alert">{problem}. The collector may have dropped it.</Note>}
        {props.missing > 0 && (
          <Note icon="unseen">
            {props.missing === 1 ? 'A caller has' : `${props.missing} callers have`} not been seen: a service
            publishes elsewhere, or its run has not arrived yet.
          </Note>
        )}
        {clocks.map((text) => (
          <Note key={text} icon="clock">
            {text} Bars are drawn as reported.
          </Note>
        ))}
        {matching !== undefined && <p class="matching">{matchText(matching)}</p>}
      </div>
    </div>
  );
}

function matchText(matching: number): string {
  return matching === 0
    ? 'No run of this trace matches.'
    : `${plural(matching, 'run')} of this trace match: n and p go through them.`;
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

function Note({ icon, children }: { icon: 'alert' | 'clock' | 'unseen'; children: ComponentChildren }) {
  return (
    <p class="note">
      <Icon name={icon} />
      <span>{children}</span>
    </p>
  );
}
