import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { afterEach, expect } from 'vitest';
import { type Collector, type CollectorOptions, startCollector } from '../../src/collector/index.ts';

const started: Collector[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((collector) => collector.close()));
});

/** A collector that is closed after the test. */
export async function collectorForTest(options?: CollectorOptions): Promise<Collector> {
  const collector = await startCollector(options);
  started.push(collector);
  return collector;
}

/** A run as the SDKs send it. */
export interface WireRun {
  [field: string]: unknown;
  id: string;
  trace_id: string;
  dotted_order: string;
  name: string;
}

const START = Date.UTC(2026, 0, 31, 12);

/** A run `offset` milliseconds into the test's imaginary trace. */
export function wireRun(name: string, parent?: WireRun, offset = 0): WireRun {
  const id = randomUUID();
  const time = new Date(START + offset).toISOString();
  const segment = `${time.replace(/[-:.]/g, '').replace('Z', '000Z')}${id}`;
  return {
    id,
    name,
    run_type: 'chain',
    start_time: time,
    end_time: new Date(START + offset + 100).toISOString(),
    session_name: 'default',
    trace_id: parent?.trace_id ?? id,
    dotted_order: parent ? `${parent.dotted_order}.${segment}` : segment,
    ...(parent && { parent_run_id: parent.id }),
  };
}

export interface Answer {
  status: number;
  text: string;
}

/** Sends `body` as it is, over a connection of its own, so that nothing is added to the headers. */
export function send(
  url: string,
  body: string | Uint8Array,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'POST', headers = {} } = options;
    const outgoing = request(url, { method, headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

export function sendBatch(url: string, batch: { post?: unknown[]; patch?: unknown[] }): Promise<Answer> {
  return send(`${url}/runs/batch`, JSON.stringify(batch));
}

export const BOUNDARY = '----LangSmithFormBoundarytest';
export const MULTIPART = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };

/** A multipart body of JSON parts. A part's disposition can have more, such as a file name, after its name. */
export function multipart(parts: Record<string, unknown>, more = ''): string {
  const texts = Object.entries(parts).map(
    ([name, value]) =>
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n` +
      `Content-Type: application/json\r\n\r\n${JSON.stringify(value)}\r\n`,
  );
  return `${texts.join('')}--${BOUNDARY}--\r\n`;
}

/** Whatever was refused, the collector goes on, and has stored nothing of it. */
export async function expectAlive(collector: Collector) {
  expect(collector.runs()).toEqual([]);
  const run = wireRun('after');
  expect((await sendBatch(collector.url, { post: [run] })).status).toBe(202);
  expect(collector.runs().map(({ id }) => id)).toEqual([run.id]);
}
