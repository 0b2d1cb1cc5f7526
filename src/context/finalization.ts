/**
 * Makes the first run of a service below the caller's run block as a root does. If tracing is not in the background
 * (`LANGSMITH_TRACING_BACKGROUND=false`, common in serverless functions), the SDK sends a root before its traceable
 * returns, because the process may be frozen or ended afterwards (`Client.updateRun`, `blockOnRootRunFinalization`,
 * langsmith 0.1.31 to 0.12.0). The SDK does not wait for a run that has a parent.
 */
import type { RemoteRun } from './remote-run.ts';
import type { RunTreeLike } from './run-tree.ts';

interface BlockingClient {
  readonly blockOnRootRunFinalization?: unknown;
  readonly manualFlushMode?: unknown;
}
interface Operation {
  readonly action?: unknown;
  readonly item?: { readonly id?: unknown };
}
type Process = (this: object, operation: Operation, isImmediate?: boolean) => Promise<unknown>;

const firstRuns = new WeakSet<RunTreeLike>();
/** The runs that are being sent, by run id. An entry exists while the end of a first run is being handed to its client. */
const sending = new Map<unknown, Promise<unknown> | undefined>();
const undos = new Map<object, () => void>();

/** Marks the run as the first run of this service in the trace of `remote`. */
export function finalizeAsRoot(run: RunTreeLike, remote: RemoteRun): void {
  const { client } = run;
  if (typeof client !== 'object' || client === null || remote.isLeftOut) return;
  const { blockOnRootRunFinalization, manualFlushMode } = client as BlockingClient;
  if (blockOnRootRunFinalization !== true || manualFlushMode === true) return;
  if (patch(client)) firstRuns.add(run);
}

/** @param end hands the end of the run to its client (`RunTree.patchRun`) */
export function endAndWait(run: RunTreeLike, end: () => unknown): unknown {
  if (!firstRuns.has(run)) return end();
  firstRuns.delete(run);
  sending.set(run.id, undefined);
  return waitForSending(run.id, end);
}

async function waitForSending(id: unknown, end: () => unknown): Promise<unknown> {
  try {
    const result = await end();
    // The SDK logs a failure to send and continues, so the failure is ignored here.
    await sending.get(id)?.catch(() => undefined);
    return result;
  } finally {
    sending.delete(id);
  }
}

function patch(client: object): boolean {
  const prototype = Object.getPrototypeOf(client) as { processRunOperation?: Process };
  const { processRunOperation: original } = prototype;
  if (undos.has(prototype)) return true;
  if (typeof original !== 'function') return false;
  prototype.processRunOperation = function processRunOperation(operation, isImmediate) {
    const id = operation?.item?.id;
    const isLast = operation?.action === 'update' && sending.has(id);
    // langsmith up to 0.1 sends at once only if `isImmediate` is set, and otherwise returns before it has sent.
    const result = original.call(this, operation, isLast || isImmediate);
    if (isLast) sending.set(id, result);
    return result;
  };
  undos.set(prototype, () => {
    prototype.processRunOperation = original;
  });
  return true;
}

/** Restores the clients. */
export function undoFinalization(): void {
  for (const undo of undos.values()) undo();
  undos.clear();
}
