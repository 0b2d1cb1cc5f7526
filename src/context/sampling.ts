/**
 * A trace that its first service has sampled is whole: from langsmith 0.10 on each client decides by the trace's id and
 * its own rate (`Client._shouldSample`), so a lower rate in a called service would leave out the middle of a trace that
 * is published. A rate of 0 is a way to publish nothing, and stays so.
 */
import { isLeftOut, isSilent } from './left-out.ts';
import type { RemoteRun } from './remote-run.ts';
import type { RunTreeLike } from './run-tree.ts';

interface SamplingClient {
  readonly tracingSampleRate?: unknown;
  readonly _shouldSample?: unknown;
  readonly filteredPostUuids?: unknown;
}
type ShouldSample = (this: object, traceId?: unknown) => boolean;

/** By trace id, the number of its requests that are still in memory: a caller may send several in one trace. */
const decided = new Map<string, number>();
const counted = new WeakSet<RemoteRun>();
const forget = new FinalizationRegistry<string>((traceId) => {
  const others = (decided.get(traceId) ?? 1) - 1;
  if (others > 0) decided.set(traceId, others);
  else decided.delete(traceId);
});
/** An adopted run may outlive the context of its request, and is sampled once more when it ends. */
const callers = new WeakMap<RunTreeLike, RemoteRun>();
const undos = new Map<object, () => void>();

/** Has this run, and those below it, sampled as the caller's was. */
export function sampleAsCaller(run: RunTreeLike, remote: RemoteRun): void {
  if (!honourDecisions(run.client)) return;
  callers.set(run, remote);
  if (counted.has(remote)) return;
  counted.add(remote);
  decided.set(remote.traceId, (decided.get(remote.traceId) ?? 0) + 1);
  forget.register(remote, remote.traceId);
}

/** @returns whether the client samples at all */
export function honourDecisions(client: unknown): boolean {
  const rate = (client as SamplingClient | null | undefined)?.tracingSampleRate;
  if (typeof rate !== 'number' || rate <= 0 || rate >= 1) return false;
  patch(client as object);
  return true;
}

/** Once for all clients of the class: LangChain's tracer has one of its own. */
function patch(client: object): void {
  const prototype = Object.getPrototypeOf(client) as { _shouldSample?: ShouldSample };
  const { _shouldSample: original } = prototype;
  // Before 0.10 the decision is made for roots alone, and a run below a caller's is none.
  if (typeof original !== 'function' || original.length === 0 || undos.has(prototype)) return;
  prototype._shouldSample = function _shouldSample(traceId) {
    return isDecided(this, traceId) || original.call(this, traceId);
  };
  const patched = prototype._shouldSample;
  undos.set(prototype, () => {
    if (prototype._shouldSample === patched) prototype._shouldSample = original;
  });
}

/** Puts the clients back. */
export function undoSampling(): void {
  for (const undo of undos.values()) undo();
  undos.clear();
}

function isDecided(client: SamplingClient, traceId: unknown): boolean {
  const rate = client.tracingSampleRate;
  return decided.size > 0 && typeof rate === 'number' && rate > 0 && decided.has(traceId as string);
}

/** Whether a run that is traced is one that its client sends. */
export function isSampled(run: RunTreeLike): boolean {
  if (isLeftOut(run)) return false;
  const client = run.client as SamplingClient | null | undefined;
  if (client === null || client === undefined) return true;
  if (isSilent(client)) return false;
  if (client.tracingSampleRate === undefined) return true;
  // From 0.10 the decision is a function of the trace id; before, the client keeps the ids it has dropped.
  if (typeof client._shouldSample === 'function' && client._shouldSample.length > 0) {
    return client._shouldSample(run.trace_id) !== false;
  }
  const dropped = client.filteredPostUuids;
  return !(dropped instanceof Set) || !(dropped.has(run.id) || dropped.has(run.trace_id));
}
