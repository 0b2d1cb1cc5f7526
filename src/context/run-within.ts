import type { RemoteRun } from './remote-run.ts';
import type { ContextStorage } from './storage.ts';

/**
 * Runs `fn` in the context of `remote`, or in none, and ends that context when the result has settled: now, where it is
 * no promise. The promise is handed on as a derived one, since to listen to it on the side would make its rejection a
 * handled one. For the same reason only a plain promise is waited for: one of a library's class may start its work when
 * it is listened to, and one with properties (`cancel`) would lose them.
 */
export function runWithin<T>(contexts: ContextStorage, remote: RemoteRun | undefined, fn: () => T): T {
  let isPending = false;
  try {
    const result = contexts.apply(remote, fn, undefined, []);
    if (remote === undefined || !isPlainPromise(result)) return result;
    isPending = true;
    return result.finally(() => remote.end()) as T;
  } finally {
    if (!isPending) remote?.end();
  }
}

function isPlainPromise(value: unknown): value is Promise<unknown> {
  if (!(value instanceof Promise)) return false;
  return Object.getOwnPropertyNames(value).length === 0 && value.constructor === Promise;
}
