import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fixture, startApp } from '../support/app.ts';
import { installLibraries } from '../support/libraries.ts';
import { dottedOrder, traceIdOf } from '../support/trace.ts';

const PACKAGES = [
  'langsmith@0.12.0',
  '@opentelemetry/api@1',
  '@opentelemetry/sdk-trace-base@2',
  '@opentelemetry/exporter-trace-otlp-proto@0.200',
  '@opentelemetry/context-async-hooks@2',
];

/** What LangSmith is sent. */
const exported: string[] = [];
const langsmith = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    exported.push(Buffer.concat(chunks).toString('latin1'));
    response.end('{}');
  });
});
/** Answers with the trace that a request carries. */
const upstream = createServer((request, response) =>
  response.end(request.headers['langsmith-trace'] ?? 'none'),
);
const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
beforeAll(async () => {
  for (const server of [langsmith, upstream]) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  }
});
afterAll(() => {
  for (const server of [langsmith, upstream]) server.close();
});

it.each([
  ['under the agent', 'require', {}],
  ['by hand', 'none', { HAND: '1' }],
] as const)(
  'in OpenTelemetry mode a run and its calls belong to the caller’s trace, %s',
  async (_, preload, env) => {
    exported.length = 0;
    const trace = dottedOrder();
    const app = await startApp(fixture('apps/otel-mode.cjs'), {
      preload,
      env: {
        ...env,
        SDK: installLibraries('otel-mode', PACKAGES),
        UPSTREAM: urlOf(upstream),
        LANGSMITH_TRACING: 'true',
        LANGSMITH_API_KEY: 'test',
        LANGSMITH_ENDPOINT: urlOf(langsmith),
        LANGSMITH_TRACING_MODE: 'otel',
      },
    });
    try {
      const response = await fetch(app.url, { headers: { 'langsmith-trace': trace } });
      const { run, called } = (await response.json()) as { run: string; called: string };
      expect(run.startsWith(`${trace}.`)).toBe(true);
      expect(called).toBe(run);
      // The exporter sends a trace some time after its end.
      await expect.poll(() => exported.join('\n'), { timeout: 20_000 }).toContain(traceIdOf(trace));
    } finally {
      await app.stop();
    }
  },
);
