/**
 * Where langsmith from 0.1.39 and @langchain/core look for their storage, bundled or not. The agent's own lies there
 * before the SDK loads, and the SDK uses what it finds.
 */
import { logFailure } from '../log.ts';

export const SHARED_KEY = Symbol.for('ls:tracing_async_local_storage');

/**
 * Lays a storage under the shared key, which is made when the SDK, as it loads, looks there.
 *
 * @param share makes it; called also where another is assigned. It must not throw; `undefined` where it cannot
 * @returns what takes it away, unless it has been looked at
 */
export function onSDKLoaded(share: () => unknown): () => void {
  const holder = globalThis as { [SHARED_KEY]?: unknown };

  function settle(value: unknown): void {
    const property = { value, configurable: true, enumerable: true, writable: true };
    try {
      Object.defineProperty(holder, SHARED_KEY, property);
    } catch (error) {
      logFailure('note the SDK', error);
    }
  }

  function get(): unknown {
    const shared = share();
    if (shared === undefined) takeAway();
    else settle(shared);
    return shared;
  }

  function set(value: unknown): void {
    share();
    settle(value);
  }

  function takeAway(): void {
    if (Object.getOwnPropertyDescriptor(holder, SHARED_KEY)?.get !== get) return;
    Reflect.deleteProperty(holder, SHARED_KEY);
  }

  Object.defineProperty(holder, SHARED_KEY, { configurable: true, enumerable: true, get, set });
  return takeAway;
}
