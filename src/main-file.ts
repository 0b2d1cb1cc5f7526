/**
 * The file that Node.js was started with. A preload finds it in `argv[1]` only on the main thread, and only where
 * there is one: after `-e` and `-p`, and in a worker thread, the first of the application's own arguments stands
 * there, which may name anything, and nothing may be loaded by it.
 */
import { builtin } from './builtins.ts';

/** Both undocumented and in Node 12 to 26: the text of `-e` and `-p`; a function that worker threads do not have. */
interface Internals {
  readonly _eval?: string;
  readonly abort?: { readonly disabled?: boolean };
}

/** Of the data that worker threads inherit. */
const KEY = '@org/trace-agent: main file';

/** `undefined` where there is none, and in worker threads that were not told of it. */
export function mainFile(process: Pick<NodeJS.Process, 'argv'>): string | undefined {
  const { _eval, abort } = process as Internals;
  if (abort?.disabled === true) return inherited();
  const file = process.argv[1];
  return _eval !== undefined || file === '-' ? undefined : file;
}

/**
 * Has worker threads decide as this one did, where its main file had the agent leave. Only there: on the main thread
 * `worker_threads` is 25 modules of Node's own that the application may never need.
 */
export function tellWorkers(file: string | undefined): void {
  try {
    builtin<typeof import('node:worker_threads')>('worker_threads').setEnvironmentData(KEY, file);
  } catch {
    // Node before 14.18.
  }
}

function inherited(): string | undefined {
  const file = builtin<typeof import('node:worker_threads')>('worker_threads').getEnvironmentData?.(KEY);
  return typeof file === 'string' ? file : undefined;
}
