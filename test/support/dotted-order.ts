import { isDottedOrder, runIdOf, traceIdOf } from '../../src/headers/dotted-order.ts';

/** The two identities that the agent reads in a dotted order; `undefined` for what is none. */
export function idsOf(value: unknown): { traceId: string; runId: string } | undefined {
  return isDottedOrder(value) ? { traceId: traceIdOf(value), runId: runIdOf(value) } : undefined;
}
