/**
 * Keeps the context of requests that a library holds back until a session is ready. The library sends them from a
 * callback that many requests share, in the context of one of them. It keeps one object for each request from its
 * creation until it is sent, and the context is recorded for that object. Nothing is written on the object.
 */
import type { Context } from '../../context/storage.ts';

export class QueuedContexts {
  private readonly noted: WeakMap<object, Context | null>;
  /** Whether any context was recorded. Until then no look-up is needed. */
  isUsed: boolean;

  constructor() {
    this.noted = new WeakMap();
    this.isUsed = false;
  }

  /** @param context `undefined` for a request that was made in no context, which is recorded too */
  note(carried: object, context: Context | undefined): void {
    this.noted.set(carried, context ?? null);
    this.isUsed = true;
  }

  /** @returns `null` for a request that was made in no context, `undefined` for an unknown request */
  of(carried: object): Context | null | undefined {
    return this.noted.get(carried);
  }
}
