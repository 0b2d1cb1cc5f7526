import type { RunTreeLike } from '../context/run-tree.ts';
import type { Undo } from '../instrumentation/instrumentation.ts';
import { log, logFailure } from '../log.ts';
import { flushAtEnd } from './process-end.ts';

/** The members of the SDK's `Client` that are used to wait for it. Read in langsmith 0.1.64 to 0.12.0 (`client.js`). */
interface FlushableClient {
  readonly manualFlushMode?: unknown;
  flush?(): Promise<unknown>;
  awaitPendingTraceBatches?(): Promise<unknown>;
  readonly autoBatchQueue?: { readonly items?: readonly unknown[] };
}

/** The clients of the runs that the agent has seen. */
export interface SeenClients {
  observe(run: RunTreeLike): void;
  /** Whether a run was seen since the last flush. */
  isDirty(): boolean;
  /** Waits until all clients have sent their runs, for at most the time in the setting. Never throws. */
  flush(): Promise<void>;
  uninstall(): void;
}

/** @param milliseconds the setting `TRACE_AGENT_FLUSH` */
export function createSeenClients(milliseconds: number): SeenClients {
  const known = new WeakSet<object>();
  const clients = new Set<WeakRef<FlushableClient>>();
  let isDirty = false;
  let undo: Undo | undefined;

  function add(client: unknown): void {
    if (typeof client !== 'object' || client === null || known.has(client)) return;
    known.add(client);
    for (const one of clients) if (one.deref() === undefined) clients.delete(one);
    clients.add(new WeakRef(client));
    undo ??= flushAtEnd(seen);
  }

  const seen: SeenClients = {
    observe({ client, replicas }) {
      isDirty = true;
      add(client);
      if (Array.isArray(replicas)) for (const replica of replicas) add(replica?.client);
    },
    isDirty: () => isDirty,
    async flush() {
      isDirty = false;
      const waiting = new Set<FlushableClient>();
      for (const one of clients) {
        const client = one.deref();
        if (client !== undefined) waiting.add(client);
      }
      const sent = [...waiting].map((client) => send(client).then(() => waiting.delete(client)));
      await atMost(milliseconds, Promise.all(sent));
      if (waiting.size > 0) sayWhatIsLeft(milliseconds, waiting);
    },
    uninstall: () => undo?.(),
  };
  return seen;
}

async function send(client: FlushableClient): Promise<void> {
  try {
    if (client.manualFlushMode === true) await client.flush?.();
    else await client.awaitPendingTraceBatches?.();
  } catch (error) {
    logFailure('flush', error, 'the application');
  }
}

function atMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    void work.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function sayWhatIsLeft(milliseconds: number, clients: ReadonlySet<FlushableClient>): void {
  let queued = 0;
  for (const { autoBatchQueue } of clients) queued += autoBatchQueue?.items?.length ?? 0;
  const whose = clients.size === 1 ? 'a LangSmith client has' : `${clients.size} LangSmith clients have`;
  log(
    'warn',
    `TRACE_AGENT_FLUSH=${milliseconds}: ${whose} not sent all runs in time; ${queued} operations are queued, others may be under way`,
  );
}
