import { AsyncLocalStorage } from 'node:async_hooks';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { takeNatives } from '../../src/context/natives.ts';
import { onSDKLoaded, SHARED_KEY } from '../../src/context/shared-key.ts';
import { createContextStorage } from '../../src/context/storage.ts';

const holder = globalThis as Record<symbol, unknown>;
const before = holder[SHARED_KEY];
const previous = new AsyncLocalStorage<unknown>();

beforeAll(() => {
  holder[SHARED_KEY] = previous;
});
afterAll(() => {
  holder[SHARED_KEY] = before;
});

it('outside of a context there is none, also within a run of an earlier storage, and before the first context', () => {
  const contexts = createContextStorage(takeNatives(), previous, () => undefined);
  const run = { id: 'run' };
  previous.run(run, () => {
    expect(contexts.isEntered()).toBe(false);
    expect(contexts.current()).toMatchObject({ store: run });
    expect(contexts.apply(undefined, contexts.current, undefined, [])).toMatchObject({ store: undefined });
  });
  contexts.uninstall();
});

it('the value under the shared key is read once and behaves like any property, or is replaced by assignment', () => {
  delete holder[SHARED_KEY];
  const contexts = createContextStorage(takeNatives(), undefined, () => undefined);
  const share = vi.fn(() => contexts.share());
  const takeAway = onSDKLoaded(share);
  expect(share).not.toHaveBeenCalled();
  const shared = holder[SHARED_KEY];
  const plain = { value: shared, configurable: true, enumerable: true, writable: true };
  expect(shared).toMatchObject({ getStore: expect.any(Function) });
  expect(Object.getOwnPropertyDescriptor(holder, SHARED_KEY)).toEqual(plain);
  expect(holder[SHARED_KEY]).toBe(shared);
  expect(share).toHaveBeenCalledTimes(1);
  takeAway();
  expect(holder[SHARED_KEY]).toBe(shared);
  contexts.uninstall();
  // The SDK does not look again: without a storage its next `traceable` would throw.
  expect(holder[SHARED_KEY]).toBe(shared);
  delete holder[SHARED_KEY];

  const takeAwayToo = onSDKLoaded(share);
  holder[SHARED_KEY] = previous;
  expect(Object.getOwnPropertyDescriptor(holder, SHARED_KEY)).toEqual({ ...plain, value: previous });
  expect(share).toHaveBeenCalledTimes(2);
  takeAwayToo();
  expect(holder[SHARED_KEY]).toBe(previous);
});

it('a value under the shared key that was never read is removed', () => {
  delete holder[SHARED_KEY];
  const share = vi.fn();
  onSDKLoaded(share)();
  expect(SHARED_KEY in holder).toBe(false);
  expect(share).not.toHaveBeenCalled();
});
