import { describe, expect, test } from 'vitest';
import { destinationOfURL, isAbsolute, originOf } from '../../src/policy/request-names.ts';

describe('URLs', () => {
  test.each([
    ['http://a.com/x', { host: 'a.com', port: 80 }],
    ['https://a.com', { host: 'a.com', port: 443 }],
    ['ws://a.com', { host: 'a.com', port: 80 }],
    ['wss://a.com', { host: 'a.com', port: 443 }],
    ['https://a.com:8443', { host: 'a.com', port: 8443 }],
    ['http://a.com:443', { host: 'a.com', port: 443 }],
    ['http://u:p@[::1]:8080/?q', { host: '[::1]', port: 8080 }],
  ])('%s', (url, expected) => {
    expect(destinationOfURL(new URL(url))).toEqual({ ...expected, local: false, via: undefined });
  });

  test.each([
    'http://a.com/',
    'HTTPS://a.com',
    'http://',
    'ftp://a.com',
    'http:/a.com',
    'http:\\\\a.com',
    'a.com:443',
    ' http://a.com',
  ])('%s may be read as one that names its host itself', (target) => {
    expect(isAbsolute(target)).toBe(true);
  });

  test.each(['/', '/http://a.com', '//a.com/x', '*', '', '?http://a.com'])('%j does not', (target) => {
    expect(isAbsolute(target)).toBe(false);
  });

  test('an origin', () => {
    expect(originOf('http://u:p@A.com:80/x?y#z')).toBe('http://a.com');
    expect(originOf('https://good.example.com@evil.com/')).toBe('https://evil.com');
  });

  test.each(['', 'a.com', '/x', 'http://', 'http://a b', 'data:,x', 'mailto:a@b.com', 'null', 'undefined'])(
    '%j has none',
    (url) => {
      expect(originOf(url)).toBeUndefined();
    },
  );
});
