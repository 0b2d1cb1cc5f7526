import { describe, expect, test } from 'vitest';
import { canonicalHost } from '../../src/policy/hosts.ts';
import { parsePatterns } from '../../src/policy/pattern-lists.ts';
import { matches } from '../../src/policy/patterns.ts';

const { patterns } = parsePatterns('internal', 'none');

/** Whether a host, as a client names it, is internal. */
function isInternal(host: string): boolean {
  const canonical = canonicalHost(host);
  expect(canonical, host).toBeDefined();
  return matches(patterns, { host: canonical as string, port: 443 });
}

describe('internal', () => {
  test.each([
    [
      'loopback',
      [
        '127.0.0.0',
        '127.0.0.1',
        '127.255.255.255',
        '127.1',
        '0x7f.0.0.1',
        '::1',
        '[::1]',
        '::ffff:127.0.0.1',
      ],
    ],
    [
      'private',
      [
        '10.0.0.0',
        '10.255.255.255',
        '172.16.0.0',
        '172.31.255.255',
        '192.168.0.0',
        '192.168.255.255',
        '::ffff:10.0.0.1',
      ],
    ],
    [
      'link-local',
      ['169.254.0.0', '169.254.255.255', 'fe80::', 'fe80::1%eth0', 'febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ],
    ['unique-local', ['fc00::', 'fd12:3456::1', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff']],
    ['a name without a dot', ['localhost', 'LOCALHOST.', 'orders', 'my_service', 'bücher']],
    [
      'a name under a private suffix',
      [
        'db.internal',
        'host.docker.internal',
        'printer.local',
        'app.localhost',
        'orders.shop.svc',
        'orders.shop.svc.cluster.local',
        'ORDERS.SHOP.SVC.',
        'nas.home.arpa',
      ],
    ],
  ])('holds for %s', (_, hosts) => {
    for (const host of hosts) expect(isInternal(host), host).toBe(true);
  });

  test.each([
    [
      'addresses just outside',
      [
        '126.255.255.255',
        '128.0.0.0',
        '9.255.255.255',
        '11.0.0.0',
        '172.15.255.255',
        '172.32.0.0',
        '192.167.255.255',
        '192.169.0.0',
        '169.253.255.255',
        '169.255.0.0',
        '::2',
        '::',
        'fbff:ffff::',
        'fe00::',
        'fe7f:ffff::',
        'fec0::',
        '::ffff:8.8.8.8',
      ],
    ],
    [
      'addresses that only carry an internal one',
      ['64:ff9b::7f00:1', '2002:7f00:1::', '::127.0.0.1', '::ffff:0:7f00:1'],
    ],
    [
      'public names',
      [
        'example.com',
        'internal.example.com',
        'local.example.com',
        'svc.cluster.example.com',
        'localhost.example.com',
      ],
    ],
    [
      'names that look like an address',
      ['127.0.0.1.example.com', '127.0.0.1.nip.io', '10.example.com', 'x127.0.0.1.com'],
    ],
    ['names that only end alike', ['my.xinternal', 'my.notlocal', 'my.xsvc', 'x.ahome.arpa', 'home.arpa']],
  ])('does not hold for %s', (_, hosts) => {
    for (const host of hosts) expect(isInternal(host), host).toBe(false);
  });

  test('does not hold for an unknown host', () => {
    expect(matches(patterns, { host: '', port: undefined, local: false })).toBe(false);
  });
});
