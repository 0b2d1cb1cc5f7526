import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import type { CollectedRun } from '../../types.ts';
import { type Hop, hopTo } from '../model/hop.ts';
import { jsonTokens } from '../model/json-tokens.ts';
import { formatDuration } from '../model/time-scale.ts';
import type { TreeNode } from '../model/tree.ts';
import type { RunSummary } from '../model/wire.ts';
import { CopyButton } from './copy-button.tsx';
import { useRun } from './data.ts';
import { Icon, ServiceChip } from './marks.tsx';
import { describeSkew } from './skew-text.ts';
import { clockTime } from './trace-list.tsx';

/** The number of characters shown of one value. The copy button copies all of it. */
const MAX_SHOWN = 50_000;

interface Props {
  readonly traceId: string;
  readonly node: TreeNode;
  readonly run: RunSummary;
  readonly onClose: () => void;
}

/** Shows a whole run, with the error first. */
export function Drawer({ traceId, node, run, onClose }: Props) {
  const full = useRun(traceId, run);
  const hop = hopTo(node);
  return (
    <aside class="drawer" aria-label={`Run ${run.name}`}>
      <div class="title">
        <ServiceChip service={run.service} />
        <h3>{run.name || '(no name)'}</h3>
        <button type="button" class="quiet" aria-label="Close" title="Close (Esc)" onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <div class="drawer-body" tabIndex={0}>
        <dl class="summary">
          <Line label="Duration">
            {run.endTime === undefined ? 'running' : formatDuration(run.endTime - run.startTime)}
          </Line>
          <Line label="Started">{clockTime(run.startTime)}</Line>
          <Line label="Service">{run.service ?? 'no name'}</Line>
          <Line label="Type">{run.runType || 'none'}</Line>
          {full?.project !== undefined && <Line label="Project">{full.project}</Line>}
        </dl>
        {full?.error !== undefined && <ErrorText error={full.error} />}
        {hop && <HopSection hop={hop} run={run} />}
        {full && <Values run={full} />}
        {full && <Ids run={full} />}
      </div>
    </aside>
  );
}

function Line({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function ErrorText({ error }: { error: string }) {
  const [first = '', ...rest] = error.split('\n');
  return (
    <Section title="Error" class="failed" copy={() => error}>
      <pre class="error-first">{first}</pre>
      {rest.length > 0 && <pre class="stack">{rest.join('\n').slice(0, MAX_SHOWN)}</pre>}
    </Section>
  );
}

function HopSection({ hop, run }: { hop: Hop; run: RunSummary }) {
  const before = run.startTime - hop.leftAt;
  const after = hop.backAt !== undefined && run.endTime !== undefined ? hop.backAt - run.endTime : undefined;
  return (
    <Section title={`${hop.from} → ${hop.to}`}>
      <dl class="hop">
        <Line label="Before">{before > 0 ? formatDuration(before) : 'nothing to see'}</Line>
        <Line label="After">{after === undefined ? 'not over' : formatDuration(after)}</Line>
      </dl>
      <p class="hint">
        Network and queues, what {hop.from} did itself, and services in between that record nothing.
      </p>
      {hop.skew && (
        <p class="notes note">
          <Icon name="clock" />
          <span>{describeSkew(hop.from, hop.to, hop.skew)}</span>
        </p>
      )}
    </Section>
  );
}

function Values({ run }: { run: CollectedRun }) {
  return (
    <>
      <Value title="Inputs" value={run.inputs} />
      <Value title="Outputs" value={run.outputs} />
      <Value title="Metadata" value={isEmpty(run.metadata) ? undefined : run.metadata} />
      {run.tags.length > 0 && (
        <Section title="Tags">
          <ul class="tags">
            {[...new Set(run.tags)].map((tag) => (
              <li key={tag}>{tag}</li>
            ))}
          </ul>
        </Section>
      )}
      <Value title="Events" value={run.events?.length ? run.events : undefined} />
    </>
  );
}

function Value({ title, value }: { title: string; value: unknown }) {
  const view = useMemo(() => jsonTokens(value, MAX_SHOWN), [value]);
  if (value === undefined) return null;
  return (
    <Section title={title} copy={() => JSON.stringify(value, null, 2)}>
      <pre class="json">
        {view.tokens.map(({ kind, text }, index) => (
          <span key={index} class={kind}>
            {text}
          </span>
        ))}
      </pre>
      {view.hidden > 0 && (
        <p class="hint">
          {view.hidden.toLocaleString('en')} more characters are not shown. Copy takes them all.
        </p>
      )}
    </Section>
  );
}

function Ids({ run }: { run: CollectedRun }) {
  return (
    <Section title="Identity">
      <dl class="ids">
        <Id label="trace id" text={run.traceId} />
        <Id label="run id" text={run.id} />
        <Id label="dotted order" text={run.dottedOrder} />
      </dl>
    </Section>
  );
}

function Id({ label, text }: { label: string; text: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        <code>{text}</code>
        <CopyButton label={`Copy ${label}`} text={() => text} short />
      </dd>
    </div>
  );
}

interface SectionProps {
  readonly title: string;
  readonly class?: string;
  readonly copy?: () => string;
  readonly children: ComponentChildren;
}

function Section({ title, class: className = '', copy, children }: SectionProps) {
  return (
    <section class={className}>
      <div class="section-title">
        <h4>{title}</h4>
        {copy && <CopyButton label={`Copy ${title.toLowerCase()}`} text={copy} short />}
      </div>
      {children}
    </section>
  );
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}
