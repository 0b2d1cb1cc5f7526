import { describe, expect, test } from 'vitest';
import { collectorForTest, expectAlive, send, wireRun } from './support.ts';

const run = JSON.stringify({ post: [wireRun('page')] });

describe('a web page', () => {
  test.each<[string, Record<string, string>]>([
    ['of another origin', { origin: 'https://evil.example' }],
    ['of another origin on this machine', { origin: 'http://localhost:3000' }],
    ['of no origin', { origin: 'null' }],
    ['of the same host over TLS', { origin: 'https://HOST' }],
    ['whose name is looked up as this machine', { host: 'evil.example:1984' }],
    ['of that name, with its origin', { host: 'evil.example:1984', origin: 'http://evil.example:1984' }],
    ['of a name that looks like an address', { host: '127.0.0.1.evil.example' }],
    ['of a name with userinfo', { host: 'localhost@evil.example' }],
    ['of a name that looks like localhost', { host: 'localhost.evil.example' }],
    ['whose name cannot be read', { host: 'a b' }],
    ['across sites, as its browser says', { 'sec-fetch-site': 'cross-site' }],
    ['of the same site', { 'sec-fetch-site': 'same-site' }],
  ])('%s can neither write nor read', async (_name, given) => {
    const collector = await collectorForTest();
    const own = new URL(collector.url).host;
    const headers = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, value.replace('HOST', own)]),
    );
    const write = await send(`${collector.url}/runs/batch`, run, { headers });
    const read = await send(`${collector.url}/info`, '', { method: 'GET', headers });
    const traces = await send(`${collector.url}/page/events`, '', { method: 'GET', headers });
    expect([write.status, read.status, traces.status]).toEqual([403, 403, 403]);
    expect(write.text).toContain('request refused');
    expect(collector.refused()).toHaveLength(3);
    await expectAlive(collector);
  });

  test('can have a link to the trace page, but not a form that writes', async () => {
    const collector = await collectorForTest();
    const headers = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    const link = await send(`${collector.url}/`, '', { method: 'GET', headers });
    const form = await send(`${collector.url}/runs/batch`, run, { headers: { ...headers, origin: 'null' } });
    expect([link.status, form.status]).toEqual([200, 403]);
    const formWithoutOrigin = await send(`${collector.url}/runs/batch`, run, { headers });
    expect(formWithoutOrigin.status).toBe(403);
    const frame = await send(`${collector.url}/`, '', {
      method: 'GET',
      headers: { ...headers, 'sec-fetch-dest': 'iframe' },
    });
    expect(frame.status).toBe(403);
  });

  test('has no answer to its preflight', async () => {
    const collector = await collectorForTest();
    const response = await fetch(`${collector.url}/runs/batch`, { method: 'OPTIONS' });
    expect(response.status).toBe(404);
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('an SDK', () => {
  test.each([
    'localhost:1984',
    'localhost',
    '127.0.0.1',
    '[::1]:1984',
    '10.0.0.5:1984',
    '192.0.2.1',
    'collector:1984',
    'host.docker.internal:1984',
    'collector.tracing.svc.cluster.local',
    'collector.localhost:1984',
  ])('reaches the collector as %s', async (host) => {
    const collector = await collectorForTest();
    const answer = await send(`${collector.url}/runs/batch`, run, { headers: { host } });
    expect(answer.status).toBe(202);
  });

  test('reaches it by the name that it was told to listen on', async () => {
    const collector = await collectorForTest({ host: 'localhost' });
    const page = {
      origin: `http://localhost:${new URL(collector.url).port}`,
      host: `localhost:${new URL(collector.url).port}`,
    };
    // A page of the collector's own is of the same origin.
    expect((await send(`${collector.url}/runs/batch`, run, { headers: page })).status).toBe(202);
  });
});
