import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { BOUNDARY, collectorForTest, expectAlive, MULTIPART, multipart, send, wireRun } from './support.ts';

describe('a request is refused', () => {
  const run = wireRun('root');
  const part = `post.${run.id}`;
  const good = multipart({ [part]: run });
  const json = JSON.stringify(run);
  const field = (name: string, more = '', value = json) =>
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`;
  const end = `--${BOUNDARY}--\r\n`;

  const bodies: [string, string, string, Record<string, string>, string][] = [
    ['JSON that is none', '/runs/batch', '{"post": [', {}, 'is not JSON'],
    ['an empty body', '/runs/batch', '', {}, 'is not JSON'],
    ['a batch that is no object', '/runs/batch', '[]', {}, 'is not a JSON object'],
    ['posts that are no array', '/runs/batch', '{"post": {}}', {}, '"post" of the batch is not an array'],
    ['a run that is null', '/runs/batch', '{"patch": [null]}', {}, 'is not a JSON object'],
    ['a run without id', '/runs/batch', '{"post": [{}]}', {}, 'a run has no id'],
    ['a run that is a string', '/runs', '"run"', {}, 'is not a JSON object'],
    ['a run with an id of another type', '/runs', '{"id": 7}', {}, 'a run has no id'],
    [
      'an unknown encoding',
      '/runs/batch',
      '{}',
      { 'content-encoding': 'br' },
      'unknown content encoding "br"',
    ],
    ['a body that is not gzip', '/runs/batch', '{}', { 'content-encoding': 'gzip' }, 'is not gzip'],
    ['no content type', '/runs/multipart', good, {}, 'is not multipart/form-data'],
    [
      'another content type',
      '/runs/multipart',
      good,
      { 'content-type': 'application/json' },
      'is not multipart',
    ],
    [
      'a form',
      '/runs/multipart',
      'a=b',
      { 'content-type': 'application/x-www-form-urlencoded' },
      'is not multip',
    ],
    ['no boundary', '/runs/multipart', good, { 'content-type': 'multipart/form-data' }, 'Boundary not found'],
    [
      'a malformed type',
      '/runs/multipart',
      good,
      { 'content-type': 'multipart/form-data; =' },
      'bad multipart',
    ],
    ['an empty multipart body', '/runs/multipart', '', MULTIPART, 'Unexpected end of multipart data'],
    ['multipart without parts', '/runs/multipart', end, MULTIPART, 'there are no parts'],
    [
      'multipart cut off',
      '/runs/multipart',
      good.slice(0, -6),
      MULTIPART,
      'Unexpected end of multipart data',
    ],
    [
      'a file cut off',
      '/runs/multipart',
      field(part, '; filename="f"').slice(0, -9),
      MULTIPART,
      'Unexpected end',
    ],
    [
      'a malformed header',
      '/runs/multipart',
      `--${BOUNDARY}\r\n\x01: x\r\n\r\n${end}`,
      MULTIPART,
      'there are no parts',
    ],
    ['a part without a name', '/runs/multipart', field('') + end, MULTIPART, 'a part has no name'],
    ['an unknown part', '/runs/multipart', field('other') + end, MULTIPART, 'unknown part "other"'],
    ['an unknown field', '/runs/multipart', field(`${part}.nope`) + end, MULTIPART, 'unknown part'],
    [
      'inputs without a run',
      '/runs/multipart',
      field(`${part}.inputs`) + end,
      MULTIPART,
      'without the run itself',
    ],
    ['a part that is not JSON', '/runs/multipart', field(part, '', '{') + end, MULTIPART, 'is not JSON'],
    [
      'a part of another run',
      '/runs/multipart',
      field(`post.${randomUUID()}`) + end,
      MULTIPART,
      'says that its id',
    ],
  ];

  test.each(bodies)('for %s', async (_what, path, body, headers, reason) => {
    const collector = await collectorForTest();
    const answer = await send(collector.urlFor('gateway') + path, body, { headers });
    const { error } = JSON.parse(answer.text);
    expect(error).toContain(reason);
    expect(answer.status).toBe(400);
    expect(collector.refused()).toEqual([{ service: 'gateway', reason: error }]);
    await expectAlive(collector);
  });

  test('for another id in the body than in the path', async () => {
    const collector = await collectorForTest();
    const answer = await send(`${collector.url}/runs/${randomUUID()}`, json, { method: 'PATCH' });
    expect(answer).toMatchObject({ status: 400, text: expect.stringContaining('says that its id') });
    await expectAlive(collector);
  });

  test('for gzip that ends early', async () => {
    const collector = await collectorForTest();
    const body = gzipSync(JSON.stringify({ post: [run] })).subarray(0, -10);
    const headers = { 'content-encoding': 'gzip' };
    const answer = await send(`${collector.url}/runs/batch`, body, { headers });
    expect(answer).toMatchObject({ status: 400, text: expect.stringContaining('is not gzip') });
    await expectAlive(collector);
  });

  test.each([true, false])('with 413 for more than 64 MiB (compressed: %s)', async (compressed) => {
    const collector = await collectorForTest();
    const body = Buffer.alloc(64 * 1024 * 1024 + 1, ' ');
    const answer = await send(`${collector.url}/runs/batch`, compressed ? gzipSync(body) : body, {
      headers: compressed ? { 'content-encoding': 'gzip' } : {},
    });
    expect(answer).toMatchObject({
      status: 413,
      text: expect.stringContaining('larger than 67108864 bytes'),
    });
    expect(collector.refused()).toHaveLength(1);
    await expectAlive(collector);
  });

  test.each([
    ['GET', '/my-service'],
    ['GET', '/runs'],
    ['POST', '/info'],
    ['PATCH', '/runs'],
    ['DELETE', `/runs/${run.id}`],
    ['POST', '/sessions'],
    ['GET', '/info/../../etc/passwd'],
  ])('with 404 for %s %s', async (method, path) => {
    const collector = await collectorForTest();
    const answer = await send(collector.url + path, '', { method });
    expect(answer.status).toBe(404);
    expect(collector.refused()).toEqual([]);
    await expectAlive(collector);
  });
});
