/**
 * The Agent Server for JavaScript, which `langgraphjs dev` starts (@langchain/langgraph-api 1). A request puts a run into
 * a queue, and loops that started with the server take it from there. So the run of the graph has no context.
 *
 * The agent records the trace of the request in `put`, and hands the run to a loop of its own in that trace. This loop
 * ends after the one run. The loops of the server wait for it, as they wait for a run of theirs.
 *
 * The stored object of the run is the key: it lives as long as the run, and a server that has been restarted has none.
 */
import type { MessageHeaders } from '../../messages.ts';
import type { Binder } from './binder.ts';
import type { Library } from './library.ts';

interface Item {
  readonly run: object;
}
/** The part of the storage that the loops use. */
interface Runs {
  readonly threads?: object;
  next(...args: unknown[]): AsyncIterable<Item>;
}
/** Takes runs and works on them, one after the other, until an error is thrown. */
type Loop = (storage: { runs: Runs; threads: object }) => Promise<never>;

/** `queue.mjs` has no name for its loop but this one. */
let loop: Loop | undefined;
const headersOfRuns = new WeakMap<object, MessageHeaders>();

/** Ends a loop of the agent. */
const DONE = Symbol('trace-agent: done');

function patchRuns({ FileSystemRuns }: { FileSystemRuns?: { prototype: object } }, binder: Binder): void {
  const prototype = FileSystemRuns?.prototype;
  binder.patch(
    prototype,
    'put',
    (put) =>
      async function (this: unknown, ...args) {
        const headers = binder.current() === undefined ? undefined : binder.messages()?.headers();
        const created = await Reflect.apply(put, this, args);
        const run = Array.isArray(created) ? created[0] : undefined;
        // If the thread is busy, the first one is an earlier run.
        const isNew = typeof run === 'object' && run !== null && run.run_id === args[0];
        if (headers !== undefined && isNew) headersOfRuns.set(run, headers);
        return created;
      },
  );
  binder.patch(
    prototype,
    'next',
    (next) =>
      async function* (this: unknown, ...args) {
        for await (const item of Reflect.apply(next, this, args) as AsyncIterable<Item>) {
          const headers = headersOfRuns.get(item.run);
          const messages = headers === undefined ? undefined : binder.messages();
          const { threads } = this as Runs;
          if (
            headers === undefined ||
            messages === undefined ||
            loop === undefined ||
            threads === undefined
          ) {
            yield item;
          } else {
            const work = loop;
            const storage = { runs: holding(item, this as Runs), threads };
            await messages.consume(headers, () => untilDone(work(storage)));
          }
        }
      },
  );
}

/** Returns the storage with this one run to take. The loop ends when it asks for another. */
function holding(item: Item, runs: Runs): Runs {
  const next = async function* () {
    yield item;
    throw DONE;
  };
  return Object.create(runs, { next: { value: next } });
}

/** An error of the run's own reaches the loop of the server. */
async function untilDone(work: Promise<never>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (error !== DONE) throw error;
  }
}

export const langgraphAPI: Library = {
  name: '@langchain/langgraph-api',
  modules: [
    {
      file: 'dist/queue.mjs',
      patch({ queue }: { queue?: Loop }) {
        loop = queue;
      },
    },
    { file: 'dist/storage/ops.mjs', patch: patchRuns },
  ],
};
