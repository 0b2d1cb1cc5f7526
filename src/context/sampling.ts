/**
 * Keeps a trace complete that its first service has sampled. From langsmith 0.10 on, each client decides by the id of
 * the trace and its own rate (`Client._shouldSample`). So a lower rate in a called service would remove the middle of a
 * published trace. A rate of 0 is used to publish nothing and keeps that effect.
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

/** Counts the requests of each trace that are still in memory, by trace id. A caller may send several in one trace. */
const decided = new Map<string, number>();
const counted = new WeakSet<RemoteRun>();
const forget = new FinalizationRegistry<string>((traceId) => {
  const others = (decided.get(traceId) ?? 1) - 1;
  if (others > 0) decided.set(traceId, others);
  else decided.delete(traceId);
});
/**
 * Keeps the caller's run alive for as long as the adopted run, which may outlive the context of its request and is
 * sampled once more when it ends.
 */
const callers = new WeakMap<RunTreeLike, RemoteRun>();
const undos = new Map<object, () => void>();

/** Samples this run, and those below it, as the caller's run was sampled. */
export function sampleAsCaller(run: RunTreeLike, remote: RemoteRun): void {
  if (!honourDecisions(run.client)) return;
  callers.set(run, remote);
  if (counted.has(remote)) return;
  counted.add(remote);
  decided.set(remote.traceId, (decided.get(remote.traceId) ?? 0) + 1);
  forget.register(remote, remote.traceId);
}

/** @returns whether the client has a sampling rate between 0 and 1 */
export function honourDecisions(client: unknown): boolean {
  const rate = (client as SamplingClient | null | undefined)?.tracingSampleRate;
  if (typeof rate !== 'number' || rate <= 0 || rate >= 1) return false;
  patch(client as object);
  return true;
}

/** Patches the class once for all its clients, because LangChain's tracer has a client of its own. */
function patch(client: object): void {
  const prototype = Object.getPrototypeOf(client) as { _shouldSample?: ShouldSample };
  const { _shouldSample: original } = prototype;
  // Before 0.10 only roots are sampled, and a run below a caller's run is not a root.
  if (typeof original !== 'function' || original.length === 0 || undos.has(prototype)) return;
  prototype._shouldSample = function _shouldSample(traceId) {
    return isDecided(this, traceId) || original.call(this, traceId);
  };
  const patched = prototype._shouldSample;
  undos.set(prototype, () => {
    if (prototype._shouldSample === patched) prototype._shouldSample = original;
  });
}

/** Restores the clients. */
export function undoSampling(): void {
  for (const undo of undos.values()) undo();
  undos.clear();
}

function isDecided(client: SamplingClient, traceId: unknown): boolean {
  const rate = client.tracingSampleRate;
  return decided.size > 0 && typeof rate === 'number' && rate > 0 && decided.has(traceId as string);
}

/** Whether the client of a traced run sends it. */
export function isSampled(run: RunTreeLike): boolean {
  if (isLeftOut(run)) return false;
  const client = run.client as SamplingClient | null | undefined;
  if (client === null || client === undefined) return true;
  if (isSilent(client)) return false;
  if (client.tracingSampleRate === undefined) return true;
  // From 0.10 on, the decision is a function of the trace id. Before 0.10, the client keeps the ids that it has
  // dropped.
  if (typeof client._shouldSample === 'function' && client._shouldSample.length > 0) {
    return client._shouldSample(run.trace_id) !== false;
  }
  const dropped = client.filteredPostUuids;
  return !(dropped instanceof Set) || !(dropped.has(run.id) || dropped.has(run.trace_id));
}
