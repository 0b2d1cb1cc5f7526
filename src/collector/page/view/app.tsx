import { useMemo, useRef, useState } from 'preact/hooks';
import { matches, parseQuery } from '../model/query.ts';
import type { TraceSummary } from '../model/wire.ts';
import { useTraceList } from './data.ts';
import { Help } from './help.tsx';
import { usePageKeys, useShown } from './hooks.ts';
import { marks } from './marks.tsx';
import { SearchField } from './search-field.tsx';
import { TraceList } from './trace-list.tsx';
import { TraceView } from './trace-view.tsx';
import { Welcome } from './welcome.tsx';

export function App() {
  const { traces, total, connection } = useTraceList();
  const [shown, show] = useShown();
  const [query, setQuery] = useState('');
  const [isHelpOpen, setHelpOpen] = useState(false);
  /** The number of times that the focus was moved to the rows of the shown trace. */
  const [rowsRequest, setRowsRequest] = useState(0);
  const [listRequest, setListRequest] = useState(0);
  const search = useRef<HTMLInputElement>(null);

  // The oldest trace is first, so that services get the same marks after a reload.
  for (let index = traces.length - 1; index >= 0; index--)
    for (const service of traces[index]?.services ?? []) marks.of(service);

  const terms = useMemo(() => parseQuery(query), [query]);
  /** Whether the search matches runs of the shown trace. The trace's summary does not have the text of all its runs. */
  const [isFoundInside, setFoundInside] = useState(false);
  const insideId = isFoundInside ? shown.traceId : undefined;
  const listed = useMemo(
    () => traces.filter((trace) => trace.id === insideId || matches(terms, searchable(trace))),
    [traces, terms, insideId],
  );
  const summary = traces.find((trace) => trace.id === shown.traceId);

  const open = (traceId: string) => {
    show({ traceId });
    setRowsRequest((count) => count + 1);
  };
  const findNext = () => {
    const current = listed.find((trace) => trace.id === shown.traceId) ?? listed[0];
    if (!current) return;
    if (current.id !== shown.traceId) show({ traceId: current.id });
    setRowsRequest((count) => count + 1);
  };
  usePageKeys({
    '/': () => search.current?.focus(),
    '?': () => setHelpOpen(true),
    l: () => setListRequest((count) => count + 1),
  });

  return (
    <div class="app" data-view={shown.traceId === undefined ? 'list' : 'trace'}>
      <header class="bar">
        <h1>
          <Logo /> Traces
        </h1>
        <SearchField inputRef={search} query={query} onQuery={setQuery} onEnter={findNext} />
        <span class={`connection ${connection}`} role="status">
          <span class="dot" aria-hidden="true" />
          {CONNECTION_TEXT[connection]}
        </span>
        <button
          type="button"
          class="quiet help-button"
          aria-label="Keyboard"
          onClick={() => setHelpOpen(true)}
        >
          <kbd>?</kbd>
        </button>
      </header>
      <TraceList
        traces={listed}
        known={traces.length}
        total={total}
        shownId={shown.traceId}
        focusRequest={listRequest}
        onOpen={open}
      />
      <main>
        {shown.traceId === undefined ? (
          <Welcome isEmpty={traces.length === 0 && connection !== 'connecting'} />
        ) : (
          <TraceView
            key={shown.traceId}
            traceId={shown.traceId}
            runId={shown.runId}
            summary={summary}
            terms={terms}
            focusRequest={rowsRequest}
            onShow={show}
            onSearch={setQuery}
            onFound={setFoundInside}
          />
        )}
      </main>
      {isHelpOpen && <Help onClose={() => setHelpOpen(false)} />}
    </div>
  );
}

const CONNECTION_TEXT = { connecting: 'Connecting', live: 'Live', lost: 'Not connected' };

function searchable({ errors, services, startTime, endTime, text }: TraceSummary) {
  const duration = endTime === undefined ? {} : { duration: endTime - startTime };
  return { failed: errors > 0, services, text, ...duration };
}

function Logo() {
  return (
    <svg class="logo" viewBox="0 0 16 16" aria-hidden="true">
      <rect width="16" height="16" rx="4" />
      <path d="M3 5h10M5 8h6M7 11h4" />
    </svg>
  );
}
