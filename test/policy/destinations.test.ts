import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { type Destination, DestinationPolicy, GRANT } from '../../src/policy/destinations.ts';
import { createLangSmithAPI } from '../../src/policy/langsmith-api.ts';
import { destinationOf, destinationOfURL } from '../../src/policy/request-names.ts';

const SOCKET: Destination = { host: '', port: undefined, local: true, via: undefined };

function policy(
  options: { propagateTo?: string; shareMetadataWith?: string } = {},
  env: NodeJS.ProcessEnv = {},
) {
  const { config, warnings } = readConfig({}, options);
  expect(warnings).toEqual([]);
  const api = createLangSmithAPI(env, () => destinations.forget());
  const destinations = new DestinationPolicy(config, api);
  return Object.assign(destinations, {
    api,
    of: (url: string) => destinations.decide(url, to(url), new URL(url).pathname),
  });
}

const to = (url: string, via?: Destination): Destination => ({ ...destinationOfURL(new URL(url)), via });

describe('by default', () => {
  test.each([
    'http://localhost:3000',
    'http://10.0.0.1',
    'http://[::1]',
    'http://[::ffff:10.0.0.1]',
    'http://orders',
    'http://orders.shop.svc',
    'http://127.1',
  ])('%s gets everything', (url) => {
    expect(policy().of(url)).toBe(GRANT.everything);
  });

  test.each([
    'https://example.com',
    'http://8.8.8.8',
    'https://[2001:db8::1]',
    'https://localhost.example.com',
  ])('%s gets the trace', (url) => {
    expect(policy().of(url)).toBe(GRANT.trace);
  });

  test.each([
    'https://api.smith.langchain.com/runs',
    'https://EU.api.smith.langchain.com.',
    'http://api.smith.langchain.com:8080',
  ])('LangSmith’s API, %s, gets nothing', (url) => {
    expect(policy().of(url)).toBe(GRANT.nothing);
  });

  test('a unix socket gets everything', () => {
    expect(policy().decide('unix', SOCKET)).toBe(GRANT.everything);
  });

  test('an unknown destination gets nothing', () => {
    expect(policy().decide('?', undefined)).toBe(GRANT.nothing);
    for (const host of ['', 'a b', 'good.example@evil.com', 'a.com:80', 'a\\b']) {
      expect(policy().decide(host, { ...SOCKET, host, local: false }), host).toBe(GRANT.nothing);
    }
  });
});

describe('the parsed host decides, not the text of the URL', () => {
  const { of } = policy({
    propagateTo: 'good.example.com,*.good.example.com',
    shareMetadataWith: 'good.example.com',
  });

  test.each([
    'https://good.example.com@evil.com',
    'https://good.example.com:443@evil.com',
    'https://evil.com/?host=good.example.com',
    'https://evil.com/good.example.com',
    'https://evil.com#@good.example.com',
    'https://evil.com\\@good.example.com',
    'https://good.example.com.evil.com',
    'https://evilgood.example.com',
    'https://good-example.com',
    'https://example.com',
  ])('%s gets nothing', (url) => {
    expect(of(url)).toBe(GRANT.nothing);
  });

  test.each([
    'https://good.example.com',
    'https://evil.com@good.example.com',
    'https://GOOD.example.com./?x=evil.com',
  ])('%s gets everything', (url) => {
    expect(of(url)).toBe(GRANT.everything);
  });

  test('a destination can get the trace without metadata', () => {
    expect(of('https://a.good.example.com')).toBe(GRANT.trace);
  });
});

describe('lists', () => {
  test('metadata goes nowhere that the trace does not go', () => {
    const { of } = policy({ propagateTo: 'a.com', shareMetadataWith: '*' });
    expect([of('http://a.com'), of('http://b.com')]).toEqual([GRANT.everything, GRANT.nothing]);
  });

  test('none', () => {
    expect(policy({ propagateTo: 'none' }).of('http://localhost')).toBe(GRANT.nothing);
    expect(policy({ propagateTo: 'none' }).decide('unix', SOCKET)).toBe(GRANT.nothing);
    expect(policy({ shareMetadataWith: 'none' }).of('http://localhost')).toBe(GRANT.trace);
  });

  test('an exception by port also applies to an unknown port', () => {
    const destinations = policy({ propagateTo: '!localhost:8080' });
    expect(destinations.of('http://localhost:8080')).toBe(GRANT.nothing);
    expect(destinations.of('http://localhost:8081')).toBe(GRANT.everything);
    expect(destinations.decide('?', { ...SOCKET, host: 'localhost', local: false })).toBe(GRANT.nothing);
  });

  test('an included port does not include an unknown port', () => {
    const destinations = policy({ propagateTo: 'a.com:443' });
    expect(destinations.of('https://a.com')).toBe(GRANT.trace);
    expect(destinations.of('http://a.com')).toBe(GRANT.nothing);
    expect(destinations.decide('?', { ...to('https://a.com'), port: undefined })).toBe(GRANT.nothing);
  });

  test('no list makes LangSmith’s API a destination', () => {
    const env = { LANGSMITH_ENDPOINT: 'http://localhost:1984' };
    const { of } = policy(
      { propagateTo: '*,localhost:1984,*.smith.langchain.com', shareMetadataWith: '*' },
      env,
    );
    expect(of('https://api.smith.langchain.com')).toBe(GRANT.nothing);
    expect([of('http://localhost:1984/runs'), of('http://localhost:1985')]).toEqual([
      GRANT.nothing,
      GRANT.everything,
    ]);
  });
});

describe('through a proxy that can read the headers', () => {
  const via = (proxy: string, target: string, options = {}) =>
    policy(options).decide('key', to(target, to(proxy)));

  test.each([
    ['an internal one, to the inside', 'http://proxy', 'http://orders', GRANT.everything],
    ['an internal one, to the outside', 'http://proxy', 'http://example.com', GRANT.trace],
    ['an external one, to the inside', 'http://proxy.example.com', 'http://orders', GRANT.trace],
    ['an external one, to the outside', 'http://proxy.example.com', 'http://example.com', GRANT.trace],
    ['to LangSmith’s API', 'http://proxy', 'http://api.smith.langchain.com', GRANT.nothing],
  ])('%s', (_, proxy, target, grant) => {
    expect(via(proxy, target)).toBe(grant);
  });

  test('a proxy whose host is unknown gets no metadata', () => {
    const proxy = { ...SOCKET, host: 'a b', local: false };
    expect(policy().decide('key', to('http://orders', proxy))).toBe(GRANT.trace);
  });

  test('a proxy on a unix socket counts as local', () => {
    expect(policy().decide('key', to('http://orders', SOCKET))).toBe(GRANT.everything);
  });

  test('an excepted proxy gets no trace either', () => {
    expect(via('http://spy.example.com', 'http://orders', { propagateTo: '*,!spy.example.com' })).toBe(
      GRANT.nothing,
    );
  });

  test('an unknown proxy counts as excepted, a unix socket does not', () => {
    const destinations = policy({ propagateTo: '*,!spy.example.com' });
    const unknown = { ...SOCKET, host: 'a b', local: false };
    expect(destinations.decide('unknown', to('http://orders', unknown))).toBe(GRANT.nothing);
    expect(destinations.decide('socket', to('http://orders', SOCKET))).toBe(GRANT.everything);
  });

  test('a list of targets need not name the proxy', () => {
    expect(via('http://proxy', 'http://a.com', { propagateTo: 'a.com' })).toBe(GRANT.trace);
  });
});

describe('if the request names another authority than it connects to', () => {
  const claiming = (connected: string, claimed: string, options = {}) =>
    policy(options).decide('key', { ...to(connected), claimed: [to(claimed)] });

  test.each([
    ['both inside', 'http://orders', 'http://stock', {}, GRANT.everything],
    ['connected outside', 'http://example.com', 'http://orders', {}, GRANT.trace],
    ['claimed outside', 'http://orders', 'http://example.com', {}, GRANT.trace],
    [
      'connected not on the list',
      'http://example.com',
      'http://orders',
      { propagateTo: 'orders' },
      GRANT.nothing,
    ],
    [
      'claimed not on the list',
      'http://orders',
      'http://example.com',
      { propagateTo: 'orders' },
      GRANT.nothing,
    ],
    ['connected to LangSmith', 'http://api.smith.langchain.com', 'http://orders', {}, GRANT.nothing],
    ['claimed to be LangSmith', 'http://orders', 'http://api.smith.langchain.com', {}, GRANT.nothing],
  ])('%s: the less of the two', (_, connected, claimed, options, grant) => {
    expect(claiming(connected, claimed, options)).toBe(grant);
  });
});

describe('by every name that a request gives its host', () => {
  const decide = (options: object, connected: string | Destination, host: string | string[], target = '/') =>
    policy(options).decide(
      'key',
      destinationOf(typeof connected === 'string' ? to(connected) : connected, target, host),
    );

  test.each<[string, string | Destination, string | string[], string]>([
    ['over a name', 'http://localhost:8080', 'api.example.com', '/'],
    ['over a name, with another port', 'http://localhost:8080', 'api.example.com:443', '/'],
    ['over an address', 'http://127.0.0.1:8080', 'api.example.com', '/'],
    ['written otherwise', 'http://localhost', 'API.Example.com.', '/'],
    ['of several', 'http://localhost', ['localhost', 'api.example.com'], '/'],
    ['of several over an address', 'http://127.0.0.1', ['orders', 'api.example.com'], '/'],
    ['over a unix socket', SOCKET, 'api.example.com', '/'],
    ['as the target over a unix socket', SOCKET, 'localhost', 'http://api.example.com/'],
    ['as the target', 'http://proxy', 'proxy', 'http://api.example.com/'],
    ['beside another target', 'http://proxy', 'api.example.com', 'http://orders/'],
    ['as a target of another scheme', 'http://proxy', 'proxy', 'ftp://api.example.com/'],
    ['that cannot be read', 'http://localhost', 'a b', '/'],
    ['that is a list', 'http://localhost', 'localhost, api.example.com', '/'],
    ['in userinfo', 'http://localhost', 'localhost@api.example.com', '/'],
    ['that is empty', 'http://localhost', '', '/'],
  ])('an exception holds for one %s', (_, connected, host, target) => {
    expect(decide({ propagateTo: '*,!api.example.com' }, connected, host, target)).toBe(GRANT.nothing);
    expect(decide({ shareMetadataWith: '*,!api.example.com' }, connected, host, target)).not.toBe(
      GRANT.everything,
    );
  });

  test('no name grants what another name denies', () => {
    expect(decide({ propagateTo: 'internal' }, 'http://evil.com', 'orders.internal')).toBe(GRANT.nothing);
    expect(decide({ propagateTo: 'internal' }, 'http://orders.internal', 'evil.com')).toBe(GRANT.nothing);
    expect(decide({}, 'http://orders.internal', 'evil.com')).toBe(GRANT.trace);
  });

  test.each([['localhost'], ['LOCALHOST.'], ['localhost:8080']])('%s names no other host', (host) => {
    const destination = destinationOf(to('http://localhost:8080'), '/', host);
    expect(destination).toEqual(to('http://localhost:8080'));
  });

  test('a Host without a port says nothing about the port', () => {
    const except = { propagateTo: '*,!127.0.0.1:8080' };
    expect(decide(except, 'http://127.0.0.1:8080', '127.0.0.1')).toBe(GRANT.nothing);
    expect(decide(except, 'http://localhost', '127.0.0.1')).toBe(GRANT.nothing);
    expect(decide({ propagateTo: 'orders:80' }, 'http://orders:8080', 'orders')).toBe(GRANT.nothing);
    expect(decide({ propagateTo: 'orders:80' }, 'http://orders:8080', 'orders:80')).toBe(GRANT.nothing);
    expect(
      decide({ propagateTo: '*,!api.example.com:443' }, 'http://127.0.0.1:8080', 'api.example.com'),
    ).toBe(GRANT.nothing);
    expect(decide({ propagateTo: 'api.example.com:443' }, 'https://127.0.0.1', 'api.example.com')).toBe(
      GRANT.trace,
    );
  });

  test.each(['http://', 'foo:bar', 'api.example.com', 'http://a b'])(
    'a target that cannot be read, %j, gets nothing',
    (target) => {
      expect(decide({}, 'http://localhost', 'localhost', target)).toBe(GRANT.nothing);
    },
  );
});

describe('LangSmith’s API behind a gateway', () => {
  const env = { LANGSMITH_ENDPOINT: 'http://gateway:8080/langsmith' };
  const at = (target: string) =>
    policy({}, env).decide('key', destinationOf(to('http://gateway:8080'), target, undefined), target);

  test.each(['/langsmith', '/langsmith/runs/batch', '/langsmith?x', '/svc/../langsmith/runs'])(
    '%s is its, and gets nothing',
    (target) => {
      expect(at(target)).toBe(GRANT.nothing);
    },
  );

  test.each(['/', '/svc-a/work', '/langsmith-docs', '/svc?to=/langsmith/', '//langsmith/runs'])(
    '%s is another service, and gets everything',
    (target) => {
      expect(at(target)).toBe(GRANT.everything);
    },
  );

  test('each request is decided by itself', () => {
    const destinations = policy({}, env);
    const gateway = to('http://gateway:8080');
    expect(destinations.decide('key', gateway, '/svc')).toBe(GRANT.everything);
    expect(destinations.cached('key')).toBeUndefined();
    expect(destinations.decide('key', gateway, '/langsmith/x')).toBe(GRANT.nothing);
    expect(destinations.decide('other', to('http://gateway:8081'), '/langsmith/x')).toBe(GRANT.everything);
    expect(destinations.cached('other')).toBe(GRANT.everything);
  });
});

describe('decisions', () => {
  test('are remembered by key', () => {
    const destinations = policy();
    expect(destinations.cached('key')).toBeUndefined();
    destinations.decide('key', to('http://localhost'));
    destinations.decide('none', undefined);
    expect(destinations.cached('key')).toBe(GRANT.everything);
    expect(destinations.cached('none')).toBe(GRANT.nothing);
    expect(destinations.cached('other')).toBeUndefined();
  });

  test.each([1001, 5000])('are at most a thousand, of %i', (length) => {
    const destinations = policy();
    const keys = Array.from({ length }, (_, i) => `http://host-${i}.example.com`);
    for (const key of keys) expect(destinations.of(key)).toBe(GRANT.trace);
    const remembered = keys.filter((key) => destinations.cached(key) !== undefined);
    expect(remembered.length).toBeGreaterThan(0);
    expect(remembered.length).toBeLessThanOrEqual(1000);
    expect(destinations.cached(keys.at(-1) ?? '')).toBe(GRANT.trace);
  });

  test('are made again when an address of LangSmith’s API becomes known', () => {
    const destinations = policy();
    expect(destinations.of('http://localhost:1984')).toBe(GRANT.everything);
    destinations.api.observe({ client: { apiUrl: 'http://localhost:1984' } });
    expect(destinations.cached('http://localhost:1984')).toBeUndefined();
    expect(destinations.of('http://localhost:1984')).toBe(GRANT.nothing);
  });

  test('are made again when the environment names it late', () => {
    const env: NodeJS.ProcessEnv = {};
    const destinations = policy({}, env);
    expect(destinations.of('http://localhost:1984')).toBe(GRANT.everything);
    env['LANGSMITH_ENDPOINT'] = 'http://localhost:1984';
    destinations.of('http://somewhere.else');
    expect(destinations.cached('http://localhost:1984')).toBeUndefined();
    expect(destinations.of('http://localhost:1984')).toBe(GRANT.nothing);
    expect(destinations.cached('http://localhost:1984')).toBe(GRANT.nothing);
  });
});
