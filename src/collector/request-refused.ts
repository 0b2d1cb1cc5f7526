import type { Refusal } from './types.ts';

/** Thrown for a request that the collector refuses. The server answers with `status`. */
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

/** Thrown when the client disconnected before its request was complete. No answer can be sent. */
export class ClientGone extends Error {}
