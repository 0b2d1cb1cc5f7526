/**
 * Handles the runs of a trace that an earlier service did not sample. They are made as always, so the application finds
 * the same objects, but their clients send nothing.
 */
import { builtin } from '../builtins.ts';
import type { RunTreeLike } from './run-tree.ts';

const SENDS = ['createRun', 'updateRun', 'batchIngestRuns', 'multipartIngestRuns'] as const;
const silenced = new WeakMap<object, object>();
const silent = new WeakSet<object>();

/**
 * The end of the ids of such traces: chosen once for the process, at random. A tracer gives the runs that it sends a
 * client of its own, so each run is looked at once more when it is sent.
 */
let mark: string | undefined;

/** The id of a trace that was not sampled, and so was not named. */
export function leftOutId(): string {
  const id = builtin<typeof import('node:crypto')>('crypto').randomUUID();
  mark ??= id.slice(-12);
  return id.slice(0, -12) + mark;
}

export function isLeftOut({ trace_id: id }: RunTreeLike): boolean {
  return mark !== undefined && typeof id === 'string' && id.endsWith(mark);
}

/** For LangChain's tracer, where the SDK's class is not known yet. */
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
