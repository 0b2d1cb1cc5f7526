import { describe, expect, test } from 'vitest';
import { canonicalHost } from '../../src/policy/hosts.ts';
import { parsePatterns } from '../../src/policy/pattern-lists.ts';
import { matches } from '../../src/policy/patterns.ts';

/** Whether a list holds for a host as a client names it. */
function holds(list: string, host: string, port: number | undefined = 443): boolean {
  const { patterns, warning } = parsePatterns(list, 'none');
  expect(warning, list).toBeUndefined();
  const canonical = canonicalHost(host);
  expect(canonical, host).toBeDefined();
  return matches(patterns, { host: canonical as string, port });
}

const UNIX_SOCKET = { host: '', port: undefined, local: true };

describe('*', () => {
  test.each(['example.com', '8.8.8.8', '::1', 'localhost'])('holds for %s', (host) => {
    expect(holds('*', host)).toBe(true);
    expect(holds('*', host, undefined)).toBe(true);
  });
});

describe('none', () => {
  test.each(['example.com', '127.0.0.1', 'none', 'localhost'])('does not hold for %s', (host) => {
    expect(holds('none', host)).toBe(false);
  });
});

describe('a host', () => {
  test.each([
    ['api.example.com', 'api.example.com'],
    ['api.example.com', 'API.Example.COM'],
    ['API.example.com.', 'api.example.com'],
    ['api.example.com', 'api.example.com.'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['xn--bcher-kva.example', 'BÜCHER.example'],
    ['localhost', 'LOCALHOST'],
    ['my_service', 'my_service'],
  ])('%s holds for %s', (list, host) => {
    expect(holds(list, host)).toBe(true);
    expect(holds(list, host, undefined)).toBe(true);
  });

  test.each([
    'example.com',
    'x.api.example.com',
    'evilapi.example.com',
    'api.example.com.evil.com',
    'api.example.co',
  ])('api.example.com does not hold for %s', (host) => {
    expect(holds('api.example.com', host)).toBe(false);
  });
});

describe('*.example.com', () => {
  test.each(['a.example.com', 'a.b.example.com', 'A.EXAMPLE.COM.', 'bücher.example.com'])(
    'holds for %s',
    (host) => {
      expect(holds('*.example.com', host)).toBe(true);
      expect(holds('*.EXAMPLE.com.', host)).toBe(true);
    },
  );

  test.each([
    'example.com',
    'evilexample.com',
    'a.evilexample.com',
    'a.example.com.evil.com',
    'example.com.evil.com',
  ])('does not hold for %s', (host) => {
    expect(holds('*.example.com', host)).toBe(false);
  });

  test('*.bücher.example holds in either notation', () => {
    expect(holds('*.bücher.example', 'a.xn--bcher-kva.example')).toBe(true);
  });
});

describe('an address', () => {
  test.each([
    ['10.0.0.1', '10.0.0.1'],
    ['127.0.0.1', '127.1'],
    ['127.0.0.1', '0x7f.0.0.1'],
    ['127.0.0.1', '::ffff:7f00:1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::1', '[::1]'],
    ['[::1]', '0:0:0:0:0:0:0:1'],
    ['2001:DB8::1', '2001:db8:0::1'],
    ['fe80::1%eth0', 'fe80::1%eth1'],
  ])('%s holds for %s', (list, host) => {
    expect(holds(list, host)).toBe(true);
  });

  test.each([
    ['10.0.0.1', '10.0.0.2'],
    ['10.0.0.1', '10.0.0.1.example.com'],
    ['::1', '::2'],
    ['::1', '127.0.0.1'],
    ['0.0.0.1', '::1'],
  ])('%s does not hold for %s', (list, host) => {
    expect(holds(list, host)).toBe(false);
  });
});

describe('a CIDR', () => {
  test.each([
    [
      '10.1.0.0/16',
      ['10.1.0.0', '10.1.255.255', '::ffff:10.1.2.3'],
      ['10.0.255.255', '10.2.0.0', '::1', 'a.com'],
    ],
    ['10.1.2.3/16', ['10.1.0.0', '10.1.255.255'], ['10.2.0.0']],
    ['192.168.1.128/25', ['192.168.1.128', '192.168.1.255'], ['192.168.1.127', '192.168.2.0']],
    ['10.0.0.4/31', ['10.0.0.4', '10.0.0.5'], ['10.0.0.3', '10.0.0.6']],
    ['10.0.0.4/32', ['10.0.0.4'], ['10.0.0.5']],
    ['128.0.0.0/1', ['128.0.0.0', '255.255.255.255'], ['127.255.255.255']],
    ['0.0.0.0/0', ['0.0.0.0', '255.255.255.255'], ['::1', 'localhost']],
    [
      '2001:db8::/33',
      ['2001:db8::', '2001:db8:7fff:ffff::'],
      ['2001:db8:8000::', '2001:db7:ffff::', '10.0.0.1'],
    ],
    ['2001:DB8::/32', ['2001:db8::1'], ['2001:db9::']],
    ['fd00::1/128', ['fd00::1'], ['fd00::2']],
    ['::/0', ['::', 'ffff::'], ['10.0.0.1', 'localhost']],
    // Endpoints are compared as IPv4, so the network must be too.
    ['::ffff:10.0.0.0/104', ['10.1.2.3', '::ffff:10.1.2.3'], ['11.0.0.0']],
  ])('%s', (list, inside, outside) => {
    for (const host of inside) expect(holds(list, host), host).toBe(true);
    for (const host of outside) expect(holds(list, host), host).toBe(false);
  });
});

describe('a port', () => {
  test.each([
    ['api.example.com:8443', 'api.example.com'],
    ['*.example.com:8443', 'a.example.com'],
    ['127.0.0.1:8443', '127.1'],
    ['[::1]:8443', '::1'],
    ['[::ffff:10.0.0.1]:8443', '10.0.0.1'],
  ])('%s holds for that port alone', (list, host) => {
    expect(holds(list, host, 8443)).toBe(true);
    expect(holds(list, host, 443)).toBe(false);
    expect(holds(list, 'other.com', 8443)).toBe(false);
  });

  test('that is unknown matches no inclusion and every exception', () => {
    expect(holds('api.example.com:8443', 'api.example.com', undefined)).toBe(false);
    const { patterns } = parsePatterns('*,!api.example.com:8443', 'none');
    expect(matches(patterns, { host: 'api.example.com', port: undefined })).toBe(false);
    expect(matches(patterns, { host: 'api.example.com', port: 443 })).toBe(true);
    expect(matches(patterns, { host: 'other.example.com', port: undefined })).toBe(true);
  });

  test('may be 1 to 65535', () => {
    expect(holds('a.com:1', 'a.com', 1)).toBe(true);
    expect(holds('a.com:65535', 'a.com', 65_535)).toBe(true);
  });
});

describe('a unix socket', () => {
  test.each([
    ['*', true],
    ['internal', true],
    ['none', false],
    ['localhost', false],
    ['127.0.0.1', false],
    ['*.example.com', false],
    ['*,!internal', false],
    ['*,!*', false],
    ['internal,!localhost', true],
    ['*,!api.example.com', true],
  ])('%s: %s', (list, expected) => {
    expect(matches(parsePatterns(list, 'none').patterns, UNIX_SOCKET)).toBe(expected);
  });
});
