import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { skewsBetween } from '../model/hop.ts';
import type { Shown } from '../model/location.ts';
import { matches, type Term } from '../model/query.ts';
import { buildTree, type TreeNode, visibleNodes } from '../model/tree.ts';
import { moveByKey, nextMatch } from '../model/tree-keys.ts';
import type { RunSummary, TraceSummary } from '../model/wire.ts';
import { useRuns } from './data.ts';
import { Drawer } from './drawer.tsx';
import { usePageKeys } from './hooks.ts';
import { TraceHeader } from './trace-header.tsx';
import { Waterfall } from './waterfall.tsx';

interface Props {
  readonly traceId: string;
  readonly runId: string | undefined;
  readonly summary: TraceSummary | undefined;
  readonly terms: readonly Term[];
  /** Changes when the focus should move to the first match, or to the first row if there is no search. */
  readonly focusRequest: number;
  readonly onShow: (shown: Shown) => void;
  readonly onSearch: (query: string) => void;
  /** Reports whether the search matches runs of this trace. */
  readonly onFound: (isFound: boolean) => void;
}

const NOTHING_COLLAPSED: ReadonlySet<string> = new Set();

export function TraceView(props: Props) {
  const { traceId, runId, summary, terms, focusRequest, onShow, onSearch, onFound } = props;
  const loaded = useRuns(traceId, summary);
  const tree = useMemo(() => buildTree(loaded?.runs ?? []), [loaded]);
  const allRows = useMemo(() => visibleNodes(tree, NOTHING_COLLAPSED), [tree]);
  const [collapsed, setCollapsed] = useState(NOTHING_COLLAPSED);
  const rows = useMemo(() => visibleNodes(tree, collapsed), [tree, collapsed]);
  const [activeId, setActiveId] = useState(runId);
  const [rowRequest, setRowRequest] = useState(0);

  const fits = (row: TreeNode) => row.run !== undefined && matches(terms, searchable(row.run));
  const matching = useMemo(
    () => (terms.length === 0 ? undefined : new Set(allRows.filter(fits).map((row) => row.id))),
    [allRows, terms],
  );

  const isFound = matching !== undefined && matching.size > 0;
  useEffect(() => {
    onFound(isFound);
    return () => onFound(false);
  }, [isFound]);

  /** Moves the focus to a row, expands its ancestors, and shows it in the drawer if that is open. */
  const goTo = (id: string | undefined) => {
    if (id === undefined) return;
    setActiveId(id);
    setRowRequest((count) => count + 1);
    const hiding = ancestorIds(tree.byId.get(id)).filter((above) => collapsed.has(above));
    if (hiding.length > 0) setCollapsed(without(collapsed, hiding));
    if (runId !== undefined && tree.byId.get(id)?.run) onShow({ traceId, runId: id });
  };
  const goToMatch = (step: 1 | -1) => matching && goTo(nextMatch(allRows, activeId, step, fits)?.id);
  const open = (id: string) => {
    setActiveId(id);
    if (tree.byId.get(id)?.run) onShow({ traceId, runId: id });
  };
  const close = () => {
    onShow({ traceId });
    setRowRequest((count) => count + 1);
  };
  const toggle = (id: string) =>
    setCollapsed(collapsed.has(id) ? without(collapsed, [id]) : new Set([...collapsed, id]));

  // The trace may still be loading when the focus is requested.
  const lastRequest = useRef(0);
  useEffect(() => {
    if (focusRequest === lastRequest.current || allRows.length === 0) return;
    lastRequest.current = focusRequest;
    goTo(matching ? nextMatch(allRows, undefined, 1, fits)?.id : (activeId ?? allRows[0]?.id));
  }, [focusRequest, allRows]);

  // The Back button may have changed the run in the drawer, or the run may be hidden in a collapsed row.
  useEffect(() => {
    if (runId === undefined || allRows.length === 0) return;
    const hiding = ancestorIds(tree.byId.get(runId)).filter((above) => collapsed.has(above));
    if (hiding.length > 0) setCollapsed(without(collapsed, hiding));
    setActiveId(runId);
  }, [runId]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const current = activeId ?? rows[0]?.id ?? '';
    if (event.key === 'Enter' || event.key === ' ') open(current);
    else {
      const move = moveByKey(event.key, rows, current, collapsed);
      if (!move) return;
      if ('focus' in move) goTo(move.focus);
      else if ('expand' in move) setCollapsed(without(collapsed, move.expand));
      else setCollapsed(new Set([...collapsed, move.collapse]));
    }
    event.preventDefault();
  };
  usePageKeys({
    e: () => goTo(nextMatch(allRows, activeId, 1, (row) => row.run?.error !== undefined)?.id),
    n: () => goToMatch(1),
    p: () => goToMatch(-1),
    Escape: () => (runId === undefined ? undefined : close()),
  });

  const node = runId === undefined ? undefined : tree.byId.get(runId);
  const skews = useMemo(() => skewsBetween(allRows), [allRows]);
  return (
    <div class={`trace ${runId === undefined ? '' : 'with-drawer'}`}>
      <TraceHeader
        traceId={traceId}
        summary={summary}
        problem={loaded?.problem}
        skews={skews}
        missing={allRows.filter((row) => row.standIn === 'missing').length}
        matching={matching?.size}
        onBack={() => onShow({})}
        onSearch={onSearch}
      />
      <Waterfall
        rows={rows}
        runs={loaded?.runs ?? []}
        collapsed={collapsed}
        matching={matching}
        activeId={activeId}
        selectedId={runId}
        focusRequest={rowRequest}
        onKeyDown={onKeyDown}
        onToggle={toggle}
        onOpen={open}
      />
      {node?.run && <Drawer traceId={traceId} node={node} run={node.run} onClose={close} />}
    </div>
  );
}

function searchable({ error, service, startTime, endTime, text }: RunSummary) {
  return {
    failed: error !== undefined,
    services: service === undefined ? [] : [service],
    ...(endTime !== undefined && { duration: endTime - startTime }),
    text,
  };
}

function ancestorIds(node: TreeNode | undefined): string[] {
  const ids: string[] = [];
  for (let above = node?.parent; above; above = above.parent) ids.push(above.id);
  return ids;
}

function without(set: ReadonlySet<string>, ids: readonly string[]): ReadonlySet<string> {
  return new Set([...set].filter((id) => !ids.includes(id)));
}
