/**
 * The key under which langsmith from 0.1.39 on and @langchain/core look for their storage, bundled or not. The agent
 * puts its own storage there before the SDK loads, and the SDK uses the storage that it finds.
 */
import { logFailure } from '../log.ts';

export const SHARED_KEY = Symbol.for('ls:tracing_async_local_storage');

/**
 * Defines a getter under the shared key, which makes the storage when the SDK reads the key as it loads.
 *
 * @param share makes the storage; also called if another storage is assigned. Must not throw. Returns `undefined` if
 *   there is no storage
 * @returns removes the getter, unless the key has been read
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
