import { describe, expect, test } from 'vitest';
import { isLangSmithClient } from '../../src/policy/langsmith-client.ts';

const is = (headers: Record<string, string | string[]>, target = '/') =>
  isLangSmithClient(
    (name) => headers[name],
    () => target,
  );
const ID = '00000000-0000-4000-8000-000000000002';

describe('a request of a LangSmith SDK', () => {
  test.each([
    'langsmith-js/0.1.0',
    'langsmith-js/0.12.0',
    'Langsmith/JS 0.12.0',
    'langsmith-py/0.4.1',
    'langsmith-go/0.1',
  ])('is known by its User-Agent, %s', (agent) => {
    expect(is({ 'user-agent': agent })).toBe(true);
    expect(is({ 'user-agent': ['x', agent] })).toBe(true);
  });

  test.each(['my-langsmith/1', 'langsmithy/1', 'node', 'langsmith', ''])('is not known by %j', (agent) => {
    expect(is({ 'user-agent': agent }, '/runs/query')).toBe(false);
  });

  test.each([
    `/runs/${ID}`,
    `/api/v1/runs/${ID}/share`,
    '/runs/query?x=1',
    '/langsmith/runs/multipart',
    '/api/v2/runs/x',
    '/v1/platform/datasets/x',
    '/v2/sandboxes/boxes',
    '/boxes/name',
    '/execute/ws',
    '/annotation-queues',
  ])('is known by a key and its path, %s', (target) => {
    expect(is({ 'x-api-key': 'k' }, target)).toBe(true);
    expect(is({}, target)).toBe(false);
  });

  test.each(['/sessions', '/datasets/x', '/api/info', '/upload?path=x', '/public/x/runs'])(
    'is known by a key that LangSmith issues and its path, %s',
    (target) => {
      expect(is({ 'x-api-key': 'lsv2_sk_0123' }, target)).toBe(true);
      expect(is({ 'x-api-key': 'ls__0123' }, target)).toBe(true);
      expect(is({ 'x-api-key': 'k' }, target)).toBe(false);
    },
  );

  test.each([
    '/runs',
    '/runs/stream',
    '/runs/wait',
    '/runs/batch',
    '/threads/x/runs',
    '/assistants',
    '/store/items',
    '/',
  ])('is not one to LangGraph’s server, %s', (target) => {
    expect(is({ 'x-api-key': 'lsv2_sk_0123' }, target)).toBe(false);
  });
});
