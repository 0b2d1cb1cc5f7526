import type { RemoteRun } from './remote-run.ts';
import type { ContextStorage } from './storage.ts';

/**
 * Runs `fn` in the context of `remote`, or in no context. The context ends when the result has settled: immediately, if
 * the result is not a promise. A derived promise is returned, because a second listener on the original promise would
 * mark its rejection as handled. Only a plain promise is waited for. A promise of a library's class may start its work
 * when a listener is added, and a promise with properties (`cancel`) would lose them.
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
