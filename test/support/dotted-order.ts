import { isDottedOrder, runIdOf, traceIdOf } from '../../src/headers/dotted-order.ts';

/** Returns the two ids that the agent reads from a dotted order; `undefined` if the value is not a dotted order. */
export function idsOf(value: unknown): { traceId: string; runId: string } | undefined {
  return isDottedOrder(value) ? { traceId: traceIdOf(value), runId: runIdOf(value) } : undefined;
}
