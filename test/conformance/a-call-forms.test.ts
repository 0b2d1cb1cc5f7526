import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../support/app.ts';
import { dottedOrder } from '../support/trace.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { type Compared, type Expected, expectSame, type Subject, startSubject } from './support.ts';

const directory = mkdtempSync(join(tmpdir(), 'trace-agent-conformance-'));
let subject: Subject;
let upstream: Upstream;
let secure: Upstream;
let unix: Upstream;
beforeAll(async () => {
  [subject, upstream, secure, unix] = await Promise.all([
    startSubject('a-call-forms.cjs'),
    startUpstream(),
    startUpstream({ tls: true }),
    startUpstream({ path: join(directory, 'upstream.sock') }),
  ]);
});
afterAll(async () => {
  await subject?.stop();
  await Promise.all([upstream?.close(), secure?.close(), unix?.close()]);
  rmSync(directory, { recursive: true, force: true });
});

/** Compares a case that makes one request to `to`. */
async function one(
  name: string,
  args: object = {},
  to = upstream,
  expected: Expected = {},
): Promise<Compared> {
  const compared = await expectSame(subject, to, name, { url: `${to.url}/path?q=1`, ...args }, expected);
  expect(compared.thrown).toBeUndefined();
  expect(compared.plain).toHaveLength(1);
  return compared;
}

it('[A1] request(string)', async () => {
  await one('string');
});
it('[A2] request(URL)', async () => {
  await one('URL');
});
it('[A3] request(options)', async () => {
  await one('options');
});

it.each(['string, options, callback', 'URL, options, callback'])('[A4] %s', async (name) => {
  const { plain } = await one(name);
  expect(plain[0]).toMatchObject({ body: 'body', headers: { 'x-own': '1' } });
});

it('[A5] URL and options: options win', async () => {
  const { relayed } = await one('options win');
  expect(relayed[0]?.url).toBe('/path?q=1');
});

it('[A6] get ends itself', async () => {
  const { value } = await one('get ends itself');
  expect(value).toMatchObject({ status: 200, ended: true, finished: true });
});

it.each(['https.request(string)', 'https.request(URL)', 'https.request(options)', 'https.get'])(
  '[A7] %s',
  async (name) => {
    await one(name, {}, secure);
  },
);

it('[A7] port 443 is the default of https', async () => {
  const { value, relayed } = await one('port 443', { port: Number(new URL(secure.url).port) }, secure);
  expect(value).toMatchObject({ status: 200, seen: { port: 443 } });
  expect(relayed[0]?.headers.host).toBe('127.0.0.1');
});

it('[A8] a legacy url.parse object', async () => {
  await one('url.parse');
});
it('[A9] options and headers with a null prototype', async () => {
  await one('null prototype');
});
it.each(['url, {}', 'url, Date'])('[A10] %s', async (name) => {
  await one(name);
});

it('[A10] {} and a Date alone: localhost, port 80', async () => {
  const { value } = await expectSame(subject, upstream, '{} and Date alone');
  expect(value).toHaveLength(2);
});

it('[A11] true, 1, 0 and the empty string pass through', async () => {
  const { value } = await expectSame(subject, upstream, 'no options at all');
  expect(value).toHaveLength(14);
  expect(JSON.stringify(value)).toContain('ERR_INVALID_URL');
});

it('[A12] an invalid URL throws Node’s own error', async () => {
  const { value } = await expectSame(subject, upstream, 'invalid URL');
  expect(value).toHaveLength(6);
  expect(JSON.stringify(value)).toMatch(/ERR_INVALID_URL.*ERR_INVALID_PROTOCOL/);
});

it('[A13] bad options throw unchanged', async () => {
  const { value } = await expectSame(subject, undefined, 'bad options', { url: upstream.url });
  const refused = (value as object[]).filter((outcome) => 'thrown' in outcome);
  expect(refused.length).toBeGreaterThanOrEqual(14);
});

it('[A13] a path that is a number is no error of ours', async () => {
  const source = `
    const { continueTrace } = require('@org/trace-agent');
    const options = { host: '127.0.0.1', port: ${new URL(upstream.url).port}, path: 5 };
    continueTrace({ 'langsmith-trace': '${dottedOrder()}' }, () =>
      require('node:http').get(options, (response) => console.log(response.resume().statusCode)));`;
  const plain = await run(['-e', source], { preload: 'none' });
  expect(await run(['-e', source], { preload: 'require' })).toEqual(plain);
});

it('[A14] userinfo is kept', async () => {
  const { relayed } = await one('any URL', { url: upstream.url.replace('//', '//user:p%40ss@') });
  const authorization = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
  expect(relayed[0]?.headers).toMatchObject({ authorization });
});

it.each(['?a=1&b=%20&b=%C3%BC', '?', '?u=http://other.example/?x#', '?a=1#fragment'])(
  '[A15] the query is kept: %s',
  async (query) => {
    const { relayed } = await one('any URL', { url: `${upstream.url}/${query}` });
    expect(relayed[0]?.url).toBe(`/${query.replace(/#.*|^\?$/, '')}`);
  },
);

it('[A16] a non-ASCII path', async () => {
  expect((await one('any URL', { url: `${upstream.url}/ü/☃` })).relayed[0]?.url).toBe('/%C3%BC/%E2%98%83');
  // Node sends such a byte, and its own server refuses it.
  const latin1 = await expectSame(subject, upstream, 'any path', { url: upstream.url, path: '/\u00fc' });
  expect(latin1.value).toMatchObject({ status: 400 });
  const refused = await expectSame(subject, upstream, 'any path', { url: upstream.url, path: '/☃' });
  expect(refused.thrown).toMatchObject({ code: 'ERR_UNESCAPED_CHARACTERS' });
});

it('[A17] an IPv6 host', async (test) => {
  if (!(await hasIPv6())) test.skip('this machine has no IPv6 loopback');
  const six = await startUpstream({ host: '::1' });
  try {
    await one('any URL', {}, six);
    await one('options', {}, six);
  } finally {
    await six.close();
  }
});

it.each(['get', 'post', 'pAtCh', 'QUERY', 'query'])('[A18] the method %s', async (method) => {
  const { relayed } = await one('any method', { method });
  expect(relayed[0]?.method).toBe(method.toUpperCase());
});

it('[A19] socketPath', async () => {
  await one('socketPath', { socketPath: join(directory, 'upstream.sock') }, unix);
});
it.each(['createConnection', 'createConnection of an agent'])('[A20] %s', async (name) => {
  await one(name);
});
it.each(['new ClientRequest', 'new ClientRequest of options'])('[A21] %s', async (name) => {
  await one(name);
});
it('[A22] the protocol’s default comes from the agent', async () => {
  await one('protocol of the agent', {}, secure);
  const { value } = await expectSame(subject, secure, 'an agent of the other protocol', { url: secure.url });
  expect(JSON.stringify(value).match(/ERR_INVALID_PROTOCOL/g)).toHaveLength(2);
});

function hasIPv6(): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen(0, '::1', () => server.close(() => resolve(true)));
  });
}
