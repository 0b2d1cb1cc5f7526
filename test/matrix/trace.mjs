import { randomUUID } from 'node:crypto';

/** A caller's run, two deep, in the past; its headers as the SDK writes them. */
export function callersRun() {
  const trace = Array.from({ length: 2 }, () => `20260101T000000000001Z${randomUUID()}`).join('.');
  const metadata = encodeURIComponent(JSON.stringify({ order: randomUUID() }));
  const headers = {
    'langsmith-trace': trace,
    baggage: `langsmith-metadata=${metadata},langsmith-project=callers`,
  };
  return { trace, traceId: trace.slice(22, 58), runId: trace.slice(-36), headers };
}

/** All values of a header, in any letter case. */
export function valuesOf(rawHeaders, name) {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1].toLowerCase() === name);
}
