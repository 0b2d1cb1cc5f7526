/**
 * The file that Node.js was started with. A preload can read it from `argv[1]` only on the main thread, and only if
 * there is such a file. After `-e` and `-p`, and in a worker thread, `argv[1]` is the first argument of the
 * application. That may name any file, so nothing may be loaded because of it.
 */
import { builtin } from './builtins.ts';

/**
 * Both members are undocumented and exist in Node 12 to 26. `_eval` is the text of `-e` and `-p`. In worker threads
 * `abort` is a disabled function.
 */
interface Internals {
  readonly _eval?: string;
  readonly abort?: { readonly disabled?: boolean };
}

/** The key in the environment data that worker threads inherit. */
const KEY = '@org/trace-agent: main file';

/** `undefined` if there is no such file, and in worker threads that did not inherit it. */
export function mainFile(process: Pick<NodeJS.Process, 'argv'>): string | undefined {
  const { _eval, abort } = process as Internals;
  if (abort?.disabled === true) return inherited();
  const file = process.argv[1];
  return _eval !== undefined || file === '-' ? undefined : file;
}

/**
 * Passes the main file to worker threads, so that they decide as the main thread did. It is called only if the main
 * file is the reason that this copy does not start, because `worker_threads` loads 25 modules of Node's own that the
 * application may never need.
 */
export function tellWorkers(file: string | undefined): void {
  try {
    builtin<typeof import('node:worker_threads')>('worker_threads').setEnvironmentData(KEY, file);
  } catch {
    // Node before 14.18 has no `setEnvironmentData`.
  }
}

function inherited(): string | undefined {
  const file = builtin<typeof import('node:worker_threads')>('worker_threads').getEnvironmentData?.(KEY);
  return typeof file === 'string' ? file : undefined;
}
