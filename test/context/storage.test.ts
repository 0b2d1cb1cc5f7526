import { AsyncLocalStorage } from 'node:async_hooks';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { installContextStorage } from '../../src/context/storage.ts';

const SHARED_KEY = Symbol.for('ls:tracing_async_local_storage');
const holder = globalThis as Record<symbol, unknown>;
const before = holder[SHARED_KEY];
const previous = new AsyncLocalStorage<unknown>();

beforeAll(() => {
  holder[SHARED_KEY] = previous;
});
afterAll(() => {
  holder[SHARED_KEY] = before;
});

it('where there is no context is none, also inside a run of a storage from before, and before any was entered', () => {
  const contexts = installContextStorage(() => undefined);
  const run = { id: 'run' };
  previous.run(run, () => {
    expect(contexts.isEntered()).toBe(false);
    expect(contexts.current()).toMatchObject({ store: run });
    expect(contexts.apply(undefined, contexts.current, undefined, [])).toMatchObject({ store: undefined });
  });
  contexts.uninstall();
});

it('what lies under the shared key is read once and is a property like any other, or is replaced by assignment', () => {
  delete holder[SHARED_KEY];
  const read = installContextStorage(() => undefined);
  const shared = holder[SHARED_KEY];
  const plain = { value: shared, configurable: true, enumerable: true, writable: true };
  expect(shared).toMatchObject({ getStore: expect.any(Function) });
  expect(Object.getOwnPropertyDescriptor(holder, SHARED_KEY)).toEqual(plain);
  read.uninstall();
  expect(SHARED_KEY in holder).toBe(false);

  const replaced = installContextStorage(() => undefined);
  holder[SHARED_KEY] = previous;
  expect(Object.getOwnPropertyDescriptor(holder, SHARED_KEY)).toEqual({ ...plain, value: previous });
  replaced.uninstall();
  expect(holder[SHARED_KEY]).toBe(previous);
});
