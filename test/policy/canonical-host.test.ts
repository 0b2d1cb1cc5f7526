import { describe, expect, test } from 'vitest';
import { canonicalHost } from '../../src/policy/hosts.ts';

describe('a host in canonical form', () => {
  test.each([
    ['example.com', 'example.com'],
    ['EXAMPLE.Com', 'example.com'],
    ['example.com.', 'example.com'],
    ['localhost', 'localhost'],
    ['a_b.svc', 'a_b.svc'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['BÜCHER.example', 'xn--bcher-kva.example'],
    ['XN--BCHER-KVA.example', 'xn--bcher-kva.example'],
    ['例え.jp', 'xn--r8jz45g.jp'],
    ['a。b', 'a.b'],
  ])('name %s', (host, canonical) => {
    expect(canonicalHost(host)).toBe(canonical);
  });

  test.each([
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '0x7f.0.0.1',
    '0x7F000001',
    '0177.0.0.1',
    '0177.0.0.0x1',
    '2130706433',
    '127.0.0.1.',
    '１２７.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::FFFF:7F00:0001',
    '0:0:0:0:0:ffff:127.0.0.1',
    '[::ffff:127.0.0.1]',
    '::ffff:127.0.0.1%eth0',
  ])('IPv4 as getaddrinfo reads it: %s', (host) => {
    expect(canonicalHost(host)).toBe('127.0.0.1');
  });

  test.each([
    ['::1', '::1'],
    ['[::1]', '::1'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:DB8:0:0:0:0:0:0', '2001:db8::'],
    ['fe80::1%eth0', 'fe80::1'],
    ['fe80::1%1', 'fe80::1'],
    ['[fe80::1%eth0]', 'fe80::1'],
    ['[fe80::1%25eth0]', 'fe80::1'],
    ['::127.0.0.1', '::7f00:1'],
    ['64:ff9b::7f00:1', '64:ff9b::7f00:1'],
    ['::ffff:0:7f00:1', '::ffff:0:7f00:1'],
    ['1::ffff:7f00:1', '1::ffff:7f00:1'],
  ])('IPv6 %s: only a mapped address is IPv4', (host, canonical) => {
    expect(canonicalHost(host)).toBe(canonical);
  });

  test.each(['EXAMPLE.com.', '127.1', '[::ffff:10.0.0.1]', '[fe80::1%eth0]', 'BÜCHER.example'])(
    'of %s stays as it is',
    (host) => {
      const once = canonicalHost(host) ?? '';
      expect(once).not.toBe('');
      expect(canonicalHost(once)).toBe(once);
    },
  );
});

describe('no host', () => {
  test.each([
    '',
    '.',
    ' ',
    'a b',
    ' example.com',
    'example.com\n',
    'example.com\t',
    'good.example.com@evil.com',
    'user:pass@evil.com',
    'example.com:80',
    'example.com/path',
    'example.com?x',
    'example.com#x',
    'example.com\\evil.com',
    'https://example.com',
    'a\u0000b',
    '256.0.0.1',
    '1.2.3.4.5',
    '1.2.3.0x100',
    ':::1',
    '1::2::3',
    '[::1]:80',
    '[::1',
    '::1]',
    '[127.0.0.1]',
    '[example.com]',
    '[]',
    '[::1]evil.com',
    'a%zz',
    'a<b',
  ])('%j', (host) => {
    expect(canonicalHost(host)).toBeUndefined();
  });

  test('an empty label in punycode is a host if Node.js accepts it, from 24 on', () => {
    expect(canonicalHost('xn--')).toBe(URL.canParse('http://xn--') ? 'xn--' : undefined);
  });

  test('arbitrary input never throws', () => {
    const pieces = [
      'a',
      '.',
      ':',
      '[',
      ']',
      '%',
      '%2e',
      '@',
      '/',
      '\\',
      '?',
      '#',
      '*',
      '0x',
      '1',
      '255',
      '::',
      'é',
      '\ud800',
      '\u0000',
      ' ',
      '-',
      'xn--',
      'ffff',
    ];
    for (let i = 0; i < pieces.length ** 3; i++) {
      const host = [i, i / pieces.length, i / pieces.length ** 2]
        .map((n) => pieces[Math.floor(n) % pieces.length])
        .join('');
      expect(canonicalHost(host) ?? 'none', host).toMatch(/^[^\s/?#@\\[\]]+$/);
    }
  });
});
