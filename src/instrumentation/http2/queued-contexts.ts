/**
 * Libraries that hold a request back until a session is there send it from a callback that many requests share, in
 * the context of one of them. What they keep of each request from its making to its sending is an object; the
 * context is noted by that object. Nothing is written on it.
 */
import type { Context } from '../../context/storage.ts';

export class QueuedContexts {
  private readonly noted: WeakMap<object, Context | null>;
  /** Whether any was ever noted: until then there is nothing to look up. */
  isUsed: boolean;

  constructor() {
    this.noted = new WeakMap();
    this.isUsed = false;
  }

  /** @param context `undefined` for a request that was made where there is none; that counts too */
  note(carried: object, context: Context | undefined): void {
    this.noted.set(carried, context ?? null);
    this.isUsed = true;
  }

  /** @returns `null` for a request that was made where there is no context, `undefined` for one that is not known */
  of(carried: object): Context | null | undefined {
    return this.noted.get(carried);
  }
}
