import type { AddressInfo } from 'node:net';
import { BoundedList } from './bounded-list.ts';
import { createPageHandler } from './page/page-server.ts';
import { TraceFeed } from './page/trace-feed.ts';
import { RunStore } from './run-store.ts';
import { createCollectorServer, type ServerEvents } from './server.ts';
import { sizeOf } from './size-of.ts';
import type { CollectedRequest, Collector, CollectorOptions, Refusal } from './types.ts';
import { Waiters } from './wait-for-runs.ts';

export { checkTrace } from './check-trace.ts';
export { formatTrace } from './format-trace.ts';
export type { CollectedRequest, CollectedRun, Collector, CollectorOptions, Refusal } from './types.ts';

const MAX_KEPT = 10_000;
const MAX_KEPT_BYTES = 16 * 1024 * 1024;

/**
 * Starts a local LangSmith server. It accepts runs from the unmodified SDKs, keeps them in memory, and refuses the
 * requests that LangSmith refuses. It is meant for tests and for inspecting traces, and it asks for no API key.
 *
 * @returns once the server listens
 * @throws the errors of `server.listen`, such as EADDRINUSE
 */
export async function startCollector(options: CollectorOptions = {}): Promise<Collector> {
  const { host = '127.0.0.1', port = 0, maxBytes, onDropped, onTraces, onRefusal } = options;
  const store = new RunStore(undefined, maxBytes);
  const refusals = new BoundedList<Refusal>(MAX_KEPT, MAX_KEPT_BYTES, sizeOf);
  const requests = new BoundedList<CollectedRequest>(MAX_KEPT, MAX_KEPT_BYTES, sizeOf);
  const waiters = new Waiters({
    runs: () => store.runs(),
    refused: () => refusals.all(),
    unposted: () => store.unposted,
  });

  const feed = new TraceFeed(store);
  const events: ServerEvents = {
    request: (request) => requests.add(request),
    accepted: (operations, service) => {
      const { changed, dropped } = store.apply(operations, service);
      // The callbacks run in a microtask, so that an error in one of them cannot fail the request, which has been
      // accepted.
      queueMicrotask(() => {
        if (dropped.length > 0) onDropped?.(dropped);
        waiters.check();
        feed.changed(changed);
        onTraces?.(changed);
      });
    },
    refused: (refusal) => {
      refusals.add(refusal);
      onRefusal?.(refusal);
    },
  };
  const server = createCollectorServer(events, host, createPageHandler(store, feed));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });

  const url = urlOf(server.address() as AddressInfo);
  return {
    url,
    urlFor: (service) => `${url}/${encodeURIComponent(service)}`,
    runs: () => store.runs(),
    runsOf: (traceId) => store.runsOf(traceId),
    refused: () => refusals.all(),
    requests: () => requests.all(),
    waitForRuns: (predicate, timeoutMs = 10_000) => waiters.wait(predicate, timeoutMs),
    clear: () => {
      store.clear();
      refusals.clear();
      requests.clear();
      feed.cleared();
    },
    close: () =>
      new Promise((resolve) => {
        waiters.failAll('the collector was closed');
        feed.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function urlOf({ address, port }: AddressInfo): string {
  if (address === '0.0.0.0' || address === '::') return `http://127.0.0.1:${port}`;
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
}
