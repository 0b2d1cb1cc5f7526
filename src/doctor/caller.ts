import { randomUUID } from 'node:crypto';
import { toDottedOrder } from '../headers/dotted-order.ts';
import type { Caller } from './probe/task.ts';

/** The headers of a run that no service has made, for one call of a probe. */
export function newCaller(): Caller & { readonly runId: string } {
  const runId = randomUUID();
  const metadata = encodeURIComponent('{"checked":"by doctor"}');
  const baggage = `langsmith-metadata=${metadata},langsmith-project=doctor`;
  return { runId, trace: toDottedOrder(Date.now(), runId), baggage };
}

let calls = 0;

/** An id for the path of a call. */
export function newCallId(): string {
  return `call-${++calls}`;
}
