/**
 * The runs of a trace that a service before this one has not sampled. They are made as always, so that the application
 * finds what it would find, but their clients send nothing.
 */
import type { RunTreeLike } from './run-tree.ts';

const SENDS = ['createRun', 'updateRun', 'batchIngestRuns', 'multipartIngestRuns'] as const;
const silenced = new WeakMap<object, object>();
const silent = new WeakSet<object>();

/** For LangChain's tracer, where the SDK's class is not known yet. */
export const SILENT_CLIENT: object = silence({});

/** The same client in all that it says of itself, but for the methods that send runs. */
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
  // A replica may have a client of its own.
  if (run.replicas !== undefined) run.replicas = [];
}
