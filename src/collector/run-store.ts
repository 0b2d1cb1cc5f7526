import { mergeFields, toCollectedRun, withDottedOrder } from './collected-run.ts';
import type { RunFields, RunOperation } from './operations.ts';
import { sizeOf } from './size-of.ts';
import type { CollectedRun } from './types.ts';

/** Beyond these limits the oldest traces are removed as a whole. */
const MAX_RUNS = 100_000;
const MAX_BYTES = 256 * 1024 * 1024;
/** The estimated size of a run without its fields: its entry, and its id in the trace. */
const ENTRY_BYTES = 1000;

interface Entry {
  readonly id: string;
  readonly arrival: number;
  readonly service: string | undefined;
  readonly post: RunFields | undefined;
  readonly patch: RunFields | undefined;
  readonly run: CollectedRun;
  readonly bytes: number;
}

/** The ids of the traces that a request has changed. */
export interface Changes {
  readonly changed: string[];
  /** Traces that were removed to make room. */
  readonly dropped: string[];
}

/** Stores the runs, merged from their posts and patches in whatever order these arrive. */
export class RunStore {
  readonly #entries = new Map<string, Entry>();
  /** The run ids of each trace, the oldest trace first. */
  readonly #traces = new Map<string, Set<string>>();
  readonly #maxBytes: number;
  readonly #maxRuns: number;
  #bytes = 0;

  /** @param maxBytes the memory that the runs may use, estimated from their fields */
  constructor(maxRuns = MAX_RUNS, maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
    this.#maxRuns = maxRuns;
  }

  /**
   * Applies the operations of one request: all of them or none.
   *
   * @throws if one of them cannot be applied; nothing has changed then
   */
  apply(operations: readonly RunOperation[], service: string | undefined): Changes {
    const staged = new Map<string, Entry>();
    const find = (id: string) => staged.get(id) ?? this.#entries.get(id);
    for (const operation of operations) staged.set(operation.id, merged(operation, service, find));
    for (const entry of staged.values()) this.#put(entry);
    const dropped: string[] = [];
    while (this.#bytes > this.#maxBytes || this.#entries.size > this.#maxRuns) {
      const oldest = this.#dropOldestTrace();
      if (oldest === undefined) break;
      dropped.push(oldest);
    }
    return { changed: [...new Set([...staged.values()].map(({ run }) => run.traceId))], dropped };
  }

  /** Returns the posted runs. A run that was only patched is left out, because it has no name. */
  runs(): CollectedRun[] {
    const runs: CollectedRun[] = [];
    for (const entry of this.#entries.values()) if (entry.post) runs.push(entry.run);
    return runs;
  }

  /** Returns the posted runs of one trace, in the order of their arrival. */
  runsOf(traceId: string): CollectedRun[] {
    const runs: CollectedRun[] = [];
    for (const id of this.#traces.get(traceId) ?? []) {
      const entry = this.#entries.get(id);
      if (entry?.post) runs.push(entry.run);
    }
    return runs;
  }

  /** The run ids of each trace, by trace id in the order of arrival. */
  get traces(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#traces;
  }

  /** The number of runs that were patched, but not posted. */
  get unposted(): number {
    return this.#entries.size - this.runs().length;
  }

  clear(): void {
    this.#entries.clear();
    this.#traces.clear();
    this.#bytes = 0;
  }

  #put(entry: Entry): void {
    const { id, run, bytes } = entry;
    const known = this.#entries.get(id);
    if (known !== undefined) this.#bytes -= known.bytes;
    if (known !== undefined && known.run.traceId !== run.traceId) this.#takeOut(id, known.run.traceId);
    this.#entries.set(id, entry);
    this.#bytes += bytes;
    const ids = this.#traces.get(run.traceId);
    if (ids === undefined) this.#traces.set(run.traceId, new Set([id]));
    else ids.add(id);
  }

  #takeOut(id: string, traceId: string): void {
    const ids = this.#traces.get(traceId);
    ids?.delete(id);
    if (ids?.size === 0) this.#traces.delete(traceId);
  }

  #dropOldestTrace(): string | undefined {
    const [oldest] = this.#traces;
    if (!oldest) return undefined;
    const [traceId, ids] = oldest;
    this.#traces.delete(traceId);
    for (const id of ids) {
      this.#bytes -= this.#entries.get(id)?.bytes ?? 0;
      this.#entries.delete(id);
    }
    return traceId;
  }
}

/** Returns the entry that results from an operation. It does not modify a stored entry. */
function merged(
  { action, id, fields }: RunOperation,
  service: string | undefined,
  find: (id: string) => Entry | undefined,
): Entry {
  const known = find(id);
  const arrival = known?.arrival ?? Date.now();
  let { post, patch } = known ?? {};
  if (action === 'post') {
    const parent = find(String(fields.parent_run_id).toLowerCase());
    post = mergeFields(post, withDottedOrder(id, fields, parent?.post && parent.run));
  } else {
    patch = mergeFields(patch, fields);
  }
  const from = action === 'post' ? service : (known?.service ?? service);
  const run = toCollectedRun(id, mergeFields(post, patch), from, arrival);
  return { id, arrival, service: from, post, patch, run, bytes: sizeOf([post, patch]) + ENTRY_BYTES };
}
