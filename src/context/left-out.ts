/**
 * Handles the runs of a trace that an earlier service did not sample. They are made as always, so the application finds
 * the same objects, but their clients send nothing.
 */
import type { RunTreeLike } from './run-tree.ts';

const SENDS = ['createRun', 'updateRun', 'batchIngestRuns', 'multipartIngestRuns'] as const;
const silenced = new WeakMap<object, object>();
const silent = new WeakSet<object>();

/** The client for LangChain's tracer if the SDK's class is not known yet. */
export const SILENT_CLIENT: object = silence({});

/** Returns a client that inherits everything from `client` except the methods that send runs. */
export function silence(client: object): object {
  if (silent.has(client)) return client;
  let made = silenced.get(client);
  if (made === undefined) {
    made = Object.create(client) as object;
    for (const name of SENDS) {
      Object.defineProperty(made, name, { value: async () => undefined, configurable: true, writable: true });
    }
    silenced.set(client, made);
    silent.add(made);
  }
  return made;
}

export function isSilent(client: object): boolean {
  return silent.has(client);
}

export function leaveOut(run: RunTreeLike): void {
  const { client } = run;
  if (typeof client === 'object' && client !== null) run.client = silence(client);
  // A replica may have its own client.
  if (run.replicas !== undefined) run.replicas = [];
}
