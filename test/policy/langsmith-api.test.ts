import { Client, RunTree } from 'langsmith';
import { describe, expect, test, vi } from 'vitest';
import type { RunTreeLike } from '../../src/context/run-tree.ts';
import { canonicalHost } from '../../src/policy/hosts.ts';
import { createLangSmithAPI } from '../../src/policy/langsmith-api.ts';

const clientOf = (apiUrl: string) => new Client({ apiUrl, apiKey: 'test' });
const runOf = (apiUrl: string) => new RunTree({ name: 'run', project_name: 'p', client: clientOf(apiUrl) });

function api(env: NodeJS.ProcessEnv = {}) {
  const onChange = vi.fn();
  const created = createLangSmithAPI(env, onChange);
  /** Whether it has the whole address to itself, or shares it with others. */
  const includes = (host: string, port: number | undefined) =>
    created.includes(host, port, '/') || created.isShared(host, port);
  const { observe } = created;
  return { includes, onChange, observe: (run: unknown) => observe(run as RunTreeLike) };
}

describe('LangSmith’s own hosts', () => {
  test.each([
    'api.smith.langchain.com',
    'eu.api.smith.langchain.com',
    'apac.api.smith.langchain.com',
    'beta.api.smith.langchain.com',
  ])('%s is known', (host) => {
    for (const port of [443, 80, 8443, undefined]) expect(api().includes(host, port)).toBe(true);
  });

  test.each([
    'evilsmith.langchain.com',
    'api.smith.langchain.com.evil.com',
    'api-smith.langchain.com',
    'apismith.langchain.com',
    'langchain.com',
    'api.langchain.com',
    'api.smith.langchain.co',
    'api.smith.langchain.com.',
    'localhost',
    '',
  ])('%j is none of them', (host) => {
    expect(api().includes(host, 443)).toBe(false);
  });
});

describe('by environment', () => {
  test.each(['LANGSMITH_ENDPOINT', 'LANGCHAIN_ENDPOINT'])('%s', (name) => {
    const { includes } = api({ [name]: 'https://LangSmith.corp.example/api/v1' });
    expect(includes('langsmith.corp.example', 443)).toBe(true);
    // Another service of that machine, asked under a name of its own: the SDK sets no `Host`.
    expect(includes('langsmith.corp.example', undefined)).toBe(false);
    expect(includes('langsmith.corp.example', 8443)).toBe(false);
    expect(includes('evil.langsmith.corp.example', 443)).toBe(false);
    expect(includes('corp.example', 443)).toBe(false);
  });

  test.each(['LANGSMITH_RUNS_ENDPOINTS', 'LANGCHAIN_RUNS_ENDPOINTS'])('%s as an array', (name) => {
    const replicas = [
      { api_url: 'https://one.example/', api_key: 'k' },
      { api_url: 'http://two.example:1984/api', api_key: 'k', project_name: 'p' },
    ];
    const { includes } = api({ [name]: JSON.stringify(replicas) });
    expect(includes('one.example', 443)).toBe(true);
    expect(includes('two.example', 1984)).toBe(true);
    expect(includes('two.example', 80)).toBe(false);
  });

  test.each(['LANGSMITH_RUNS_ENDPOINTS', 'LANGCHAIN_RUNS_ENDPOINTS'])('%s as a map', (name) => {
    const { includes } = api({ [name]: '{"https://one.example/":"key","http://two.example:1984":"key"}' });
    expect(includes('one.example', 443)).toBe(true);
    expect(includes('two.example', 1984)).toBe(true);
    expect(includes('key', 443)).toBe(false);
  });

  test('all of them at once', () => {
    const { includes } = api({
      LANGSMITH_ENDPOINT: 'https://a.example',
      LANGCHAIN_ENDPOINT: 'https://b.example',
      LANGSMITH_RUNS_ENDPOINTS: '[{"api_url":"https://c.example","api_key":"k"}]',
    });
    for (const host of ['a.example', 'b.example', 'c.example', 'api.smith.langchain.com']) {
      expect(includes(host, 443), host).toBe(true);
    }
  });

  test('set late, as dotenv does', () => {
    const env: NodeJS.ProcessEnv = {};
    const { includes, onChange } = api(env);
    expect(includes('late.example', 443)).toBe(false);
    env['LANGSMITH_ENDPOINT'] = 'https://late.example';
    expect(includes('late.example', 443)).toBe(true);
    expect(onChange).toHaveBeenCalledTimes(1);
    env['LANGSMITH_RUNS_ENDPOINTS'] = '{"https://later.example":"k"}';
    expect(includes('later.example', 443)).toBe(true);
  });

  test.each([
    ['http://localhost:1984', 'localhost', 1984],
    ['http://langsmith', 'langsmith', 80],
    ['http://127.1:1984', '127.0.0.1', 1984],
    ['http://[::1]:1984', '::1', 1984],
    ['http://[::ffff:10.0.0.1]:1984', '10.0.0.1', 1984],
    ['https://langsmith.example.:443/', 'langsmith.example', 443],
    ['https://user:pass@langsmith.example', 'langsmith.example', 443],
    ['  https://langsmith.example \n', 'langsmith.example', 443],
    // The SDK takes quotes off (`trimQuotes`): Docker's --env-file leaves them on.
    ['"https://langsmith.example"', 'langsmith.example', 443],
    ["'https://langsmith.example'", 'langsmith.example', 443],
  ])('%s is understood as the SDK understands it', (url, host, port) => {
    const { includes } = api({ LANGSMITH_ENDPOINT: url });
    expect(includes(host, port)).toBe(true);
    expect(includes(host, port + 1)).toBe(false);
    const { apiUrl } = clientOf(url) as unknown as { apiUrl: string };
    expect(canonicalHost(new URL(apiUrl).hostname)).toBe(host);
  });

  test.each([
    '',
    ' ',
    'nonsense',
    'langsmith.example',
    'langsmith.example:443',
    '://',
    'file:///etc/passwd',
    'https://',
  ])('an invalid endpoint (%j) is ignored', (url) => {
    const { includes, onChange } = api({ LANGSMITH_ENDPOINT: url });
    expect(includes('langsmith.example', 443)).toBe(false);
    expect(includes('', undefined)).toBe(false);
    expect(onChange).not.toHaveBeenCalled();
  });

  test.each([
    '',
    '{',
    'null',
    '7',
    '"https://x.example"',
    '[null, 7, "x", {}, {"api_url": 7}, []]',
    '{"nonsense":1}',
    '{"__proto__":1}',
  ])('invalid replicas (%s) are ignored', (value) => {
    const { includes, onChange } = api({ LANGSMITH_RUNS_ENDPOINTS: value });
    expect(includes('x.example', 443)).toBe(false);
    expect(onChange).not.toHaveBeenCalled();
  });

  test('a bad replica does not hide a good one', () => {
    const { includes } = api({
      LANGSMITH_RUNS_ENDPOINTS: '[null,{"api_url":"x"},{"api_url":"https://x.example"}]',
    });
    expect(includes('x.example', 443)).toBe(true);
  });
});

describe('by the runs that are seen', () => {
  test('the client’s apiUrl', () => {
    const { includes, observe, onChange } = api();
    expect(includes('own.example', 8443)).toBe(false);
    observe(runOf('https://Own.example:8443/api/v1'));
    expect(includes('own.example', 8443)).toBe(true);
    expect(includes('own.example', 443)).toBe(false);
    expect(onChange).toHaveBeenCalledTimes(1);
  });

  test('the replicas’ apiUrl', () => {
    const { includes, observe } = api();
    const run = runOf('https://own.example');
    run.replicas = [{ apiUrl: 'https://replica.example', apiKey: 'k' }, { projectName: 'no address' }];
    observe(run);
    expect(includes('own.example', 443)).toBe(true);
    expect(includes('replica.example', 443)).toBe(true);
  });

  test('replicas of a later run of the same client', () => {
    const { includes, observe } = api();
    const run = runOf('https://own.example');
    observe(run);
    const child = run.createChild({ name: 'child' });
    child.replicas = [{ apiUrl: 'https://replica.example' }];
    observe(child);
    expect(includes('replica.example', 443)).toBe(true);
  });

  test('several ports of one host', () => {
    const { includes, observe } = api();
    observe(runOf('http://localhost:1984'));
    observe(runOf('http://localhost:1985'));
    expect([1984, 1985, 1986].map((port) => includes('localhost', port))).toEqual([true, true, false]);
  });

  test('a known address changes nothing', () => {
    const { includes, observe, onChange } = api({ LANGSMITH_ENDPOINT: 'https://own.example' });
    includes('x', 1);
    expect(onChange).toHaveBeenCalledTimes(1);
    observe(runOf('https://own.example/api'));
    observe(runOf('https://own.example'));
    includes('x', 1);
    expect(onChange).toHaveBeenCalledTimes(1);
  });

  test.each([
    {},
    { client: null, replicas: null },
    { client: 'x', replicas: 'x' },
    { client: {}, replicas: [] },
    { client: { apiUrl: 7 }, replicas: [null, 7, 'x', undefined, ['project', {}], { apiUrl: null }] },
    { client: { apiUrl: '' }, replicas: [{ apiUrl: 'nonsense' }] },
    { client: Object.freeze({ apiUrl: 'localhost' }) },
  ])('a run without an address: %j', (run) => {
    const { observe, onChange } = api();
    expect(() => observe(run)).not.toThrow();
    expect(onChange).not.toHaveBeenCalled();
  });
});
