import { randomUUID } from 'node:crypto';

/** Creates a dotted order of `depth` runs, at a time in the past. */
export function dottedOrder(depth = 1, time = '20260101T000000000001Z'): string {
  return Array.from({ length: depth }, () => `${time}${randomUUID()}`).join('.');
}

export function runIdOf(order: string): string {
  return order.slice(-36);
}

export function traceIdOf(order: string): string {
  return order.slice(22, 58);
}

/** Creates a `baggage` as the SDK writes it. */
export function baggage(fields: { metadata?: object; tags?: string[]; project?: string }): string {
  const members: string[] = [];
  if (fields.metadata)
    members.push(`langsmith-metadata=${encodeURIComponent(JSON.stringify(fields.metadata))}`);
  if (fields.tags) members.push(`langsmith-tags=${encodeURIComponent(fields.tags.join(','))}`);
  if (fields.project) members.push(`langsmith-project=${encodeURIComponent(fields.project)}`);
  return members.join(',');
}

/** Creates the `baggage` that accompanies a trace where metadata may go: with the dotted order before the members. */
export function linked(trace: string | null | undefined, members = ''): string {
  return [`langsmith-trace=${trace}`, members].filter((part) => part !== '').join(',');
}
