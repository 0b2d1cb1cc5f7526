import { mergeFields, toCollectedRun, withDottedOrder } from './collected-run.ts';
import type { RunFields, RunOperation } from './operations.ts';
import type { CollectedRun } from './types.ts';

/** Then the oldest traces go, whole. */
const MAX_RUNS = 100_000;

interface Entry {
  readonly id: string;
  readonly arrival: number;
  service?: string | undefined;
  post?: RunFields;
  patch?: RunFields;
  run: CollectedRun;
}

/** The runs, merged from their posts and patches in whichever order these come. */
export class RunStore {
  readonly #entries = new Map<string, Entry>();
  /** The ids of each trace's runs, the oldest trace first. */
  readonly #traces = new Map<string, Set<string>>();
  readonly #maxRuns: number;

  constructor(maxRuns = MAX_RUNS) {
    this.#maxRuns = maxRuns;
  }

  /** @returns the ids of the traces that changed */
  apply(operations: readonly RunOperation[], service: string | undefined): string[] {
    const changed = new Set<string>();
    for (const operation of operations) changed.add(this.#applyOne(operation, service));
    while (this.#entries.size > this.#maxRuns) this.#dropOldestTrace();
    return [...changed];
  }

  /** Runs of which only a patch has come are left out: a run without its post has no name. */
  runs(): CollectedRun[] {
    const runs: CollectedRun[] = [];
    for (const entry of this.#entries.values()) if (entry.post) runs.push(entry.run);
    return runs;
  }

  /** Those of one trace, in the order of their arrival. */
  runsOf(traceId: string): CollectedRun[] {
    const runs: CollectedRun[] = [];
    for (const id of this.#traces.get(traceId) ?? []) {
      const entry = this.#entries.get(id);
      if (entry?.post) runs.push(entry.run);
    }
    return runs;
  }

  /** How many runs have been patched, but not posted. */
  get unposted(): number {
    return this.#entries.size - this.runs().length;
  }

  clear(): void {
    this.#entries.clear();
    this.#traces.clear();
  }

  #applyOne({ action, id, fields }: RunOperation, service: string | undefined): string {
    const known = this.#entries.get(id);
    const arrival = known?.arrival ?? Date.now();
    const entry: Entry = known ?? { id, arrival, run: toCollectedRun(id, fields, service, arrival) };
    if (action === 'post') {
      const parent = this.#entries.get(String(fields.parent_run_id).toLowerCase());
      entry.post = mergeFields(entry.post, withDottedOrder(id, fields, parent?.post && parent.run));
      entry.service = service;
    } else {
      entry.patch = mergeFields(entry.patch, fields);
      entry.service ??= service;
    }
    this.#traces.get(entry.run.traceId)?.delete(id);
    entry.run = toCollectedRun(id, mergeFields(entry.post, entry.patch), entry.service, arrival);
    this.#entries.set(id, entry);
    this.#idsOf(entry.run.traceId).add(id);
    return entry.run.traceId;
  }

  #idsOf(traceId: string): Set<string> {
    let ids = this.#traces.get(traceId);
    if (!ids) {
      ids = new Set();
      this.#traces.set(traceId, ids);
    }
    return ids;
  }

  #dropOldestTrace(): void {
    const [oldest] = this.#traces;
    if (!oldest) return;
    this.#traces.delete(oldest[0]);
    for (const id of oldest[1]) this.#entries.delete(id);
  }
}
