import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { fixture, run } from '../support/app.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

interface Arrived {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
}
const arrived: Arrived[] = [];
let url: string;
/** The first post to it fails, so that the SDK retries. */
const server = createServer((request, response) => {
  const isFirst = request.method === 'POST' && !arrived.some(({ method }) => method === 'POST');
  arrived.push({ method: `${request.method}`, path: `${request.url}`, headers: request.headers });
  request.resume().on('end', () => response.writeHead(isFirst ? 503 : 200).end('{}'));
});
const directory = mkdtempSync(join(tmpdir(), 'trace-agent-profile-'));
let other: Upstream;
beforeAll(async () => {
  other = await startUpstream();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await other?.close();
  server.close();
  rmSync(directory, { recursive: true, force: true });
});
afterEach(() => {
  arrived.length = 0;
});

function profile(): NodeJS.ProcessEnv {
  const file = join(directory, 'config.json');
  const profiles = { work: { api_url: url, api_key: 'profile' } };
  writeFileSync(file, JSON.stringify({ current_profile: 'work', profiles }), { mode: 0o600 });
  return { LANGSMITH_CONFIG_FILE: file };
}

it.each<[string, () => NodeJS.ProcessEnv]>([
  ['LANGSMITH_ENDPOINT', () => ({ LANGSMITH_ENDPOINT: url, LANGSMITH_API_KEY: 'env' })],
  [
    'replicas',
    () => ({
      OWN_CLIENT: other.url,
      LANGSMITH_RUNS_ENDPOINTS: JSON.stringify([{ api_url: url, api_key: 'r' }]),
    }),
  ],
  ['Client({ apiUrl })', () => ({ OWN_CLIENT: url })],
  ['a profile of its configuration', profile],
])(
  'LangSmith’s API gets nothing, pointed to by %s, retries and calls by hand included',
  async (_name, env) => {
    const result = await run([fixture('apps/own-api.mjs')], {
      env: { API: url, LANGSMITH_TRACING: 'true', ...env() },
    });
    expect(result.code, result.stderr).toBe(0);
    expect(arrived.filter(({ path }) => path === '/by-hand')).toHaveLength(2);
    // The first was refused, so this one is a retry.
    expect(arrived.filter(({ method }) => method === 'POST').length).toBeGreaterThan(1);
    for (const { path, headers } of arrived) {
      expect(headers, path).not.toHaveProperty('langsmith-trace');
      expect(headers, path).not.toHaveProperty('baggage');
    }
  },
);

it('another address does get it, so that the above can fail', async () => {
  const env = { API: url, LANGSMITH_TRACING: 'true', OWN_CLIENT: other.url };
  await run([fixture('apps/own-api.mjs')], { env });
  const byHand = arrived.filter(({ path }) => path === '/by-hand');
  expect(byHand).toHaveLength(2);
  for (const { headers } of byHand) expect(headers).toHaveProperty('langsmith-trace');
});

it('LangSmith’s API is recognised for every client of the SDK, and no other service is mistaken for it', async () => {
  const env = { LANGSMITH_TRACING: 'true', LANGSMITH_ENDPOINT: other.url, LANGSMITH_API_KEY: 'test' };
  const { stdout, stderr, code } = await run([fixture('apps/api-clients.mjs')], { env });
  expect(code, stderr).toBe(0);
  const told = Object.entries(JSON.parse(stdout) as Record<string, [string, string, boolean][]>).filter(
    ([who]) => who !== 'the run’s own',
  );
  expect(told).toHaveLength(12);
  for (const [who, requests] of told) {
    for (const [method, path, isTraced] of requests) {
      expect([who, method, path, isTraced]).toEqual([who, method, path, !who.startsWith('LangSmith')]);
    }
  }
});
