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
