import type { Refusal } from './types.ts';

/** Thrown where a request turns out to be one that the collector refuses; the server answers with `status`. */
export class RequestRefused extends Error {
  readonly status: number;
  readonly refusals: readonly Refusal[];

  constructor(status: number, reason: string, refusals: readonly Refusal[] = [{ reason }]) {
    super(reason);
    this.name = 'RequestRefused';
    this.status = status;
    this.refusals = refusals;
  }
}

/** The client went away before its request was complete: nobody is left to answer. */
export class ClientGone extends Error {}
