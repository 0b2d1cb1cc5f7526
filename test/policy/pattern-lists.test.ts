import { describe, expect, test } from 'vitest';
import { canonicalHost } from '../../src/policy/hosts.ts';
import { parsePatterns } from '../../src/policy/pattern-lists.ts';
import { type Keyword, matches, type Patterns } from '../../src/policy/patterns.ts';

const holds = (patterns: Patterns, host: string, port: number | undefined = 443) =>
  matches(patterns, { host: canonicalHost(host) ?? '', port });

/** A list without bad entries. */
function good(list: string, fallback: Keyword = 'internal'): Patterns {
  const { patterns, warning } = parsePatterns(list, fallback);
  expect(warning, list).toBeUndefined();
  return patterns;
}

describe('a list', () => {
  test('holds where any of its patterns does', () => {
    const patterns = good('api.example.com, 10.0.0.0/8 ,*.corp.example,localhost:8080');
    for (const host of ['api.example.com', '10.9.8.7', 'a.corp.example'])
      expect(holds(patterns, host)).toBe(true);
    expect(holds(patterns, 'localhost', 8080)).toBe(true);
    for (const host of ['example.com', '11.0.0.0', 'corp.example', 'localhost'])
      expect(holds(patterns, host)).toBe(false);
  });

  test('may have spaces, line ends and empty entries', () => {
    const patterns = good(' a.com ,,\n b.com\t, ');
    expect([holds(patterns, 'a.com'), holds(patterns, 'b.com'), holds(patterns, 'c.com')]).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('reports the patterns in force', () => {
    expect(good('a.com , !b.com').source).toBe('a.com,!b.com');
    expect(good('none').source).toBe('none');
    expect(parsePatterns('a:x', 'internal').patterns.source).toBe('none');
    expect(parsePatterns('a.com,a:x', '*').patterns.source).toBe('a.com');
  });

  test.each(['INTERNAL', 'Internal'])('%s is internal, not a host of that name', (list) => {
    expect(holds(good(list, 'none'), '127.0.0.1')).toBe(true);
  });

  test.each(['NONE', 'None'])('%s is none', (list) => {
    expect(holds(parsePatterns(list, '*').patterns, 'none')).toBe(false);
    expect(parsePatterns(`${list},a.com`, '*').warning).toMatch(/none is used$/);
  });

  test('of thousands of entries is read and matched', () => {
    const hosts = Array.from({ length: 2000 }, (_, i) => `host-${i}.example.com`);
    const networks = Array.from({ length: 2000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
    const bad = Array.from({ length: 2000 }, (_, i) => `host-${i}:x`);
    const { patterns, warning } = parsePatterns([...hosts, ...networks, ...bad].join(','), 'none');
    expect(holds(patterns, 'host-1999.example.com')).toBe(true);
    expect(holds(patterns, '10.7.15.1')).toBe(true);
    expect(holds(patterns, 'host-2000.example.com')).toBe(false);
    expect(warning).toContain('"host-1999:x"');
  });

  test('and its patterns cannot be changed afterwards', () => {
    expect(Object.isFrozen(good('a.com'))).toBe(true);
  });
});

describe('an exception', () => {
  test.each([
    ['*,!evil.com', ['good.com', 'a.evil.com'], ['evil.com', 'EVIL.com.']],
    ['!evil.com,*', ['good.com'], ['evil.com']],
    ['*, ! evil.com', ['good.com'], ['evil.com']],
    ['*,!*.evil.com', ['evil.com', 'notevil.com'], ['a.evil.com']],
    ['*,!internal', ['good.com', '8.8.8.8'], ['localhost', '10.0.0.1', '127.1', 'a.svc']],
    ['internal,!169.254.0.0/16', ['10.0.0.1'], ['169.254.169.254', '::ffff:169.254.169.254', '0xa9fea9fe']],
    ['10.0.0.0/8,!10.1.0.0/16', ['10.2.0.0'], ['10.1.2.3', '11.0.0.0']],
    ['*,!::1', ['127.0.0.1'], ['[::1]', '0:0::1']],
    ['*,!bücher.example', ['good.com'], ['xn--bcher-kva.example']],
    ['a.com,!a.com', [], ['a.com', 'b.com']],
    ['*,!*', [], ['a.com', 'localhost']],
  ])('%s', (list, inside, outside) => {
    const patterns = good(list);
    for (const host of inside) expect(holds(patterns, host), host).toBe(true);
    for (const host of outside) expect(holds(patterns, host), host).toBe(false);
  });

  test('with a port excepts that port', () => {
    const patterns = good('*,!a.com:8080');
    expect(holds(patterns, 'a.com', 8080)).toBe(false);
    expect(holds(patterns, 'a.com', 443)).toBe(true);
  });

  test('alone excepts from the default', () => {
    const fromAll = good('!evil.com,!10.0.0.1', '*');
    expect(holds(fromAll, 'good.com')).toBe(true);
    expect([holds(fromAll, 'evil.com'), holds(fromAll, '10.0.0.1')]).toEqual([false, false]);
    const fromInternal = good('!10.0.0.1', 'internal');
    expect([holds(fromInternal, '10.0.0.2'), holds(fromInternal, 'good.com')]).toEqual([true, false]);
    expect(holds(fromInternal, '10.0.0.1')).toBe(false);
  });
});

describe('a bad entry', () => {
  test.each([
    'api.example.com/',
    'api.example.com/v1',
    'api.example.com?x',
    'user@api.example.com',
    'a.com|b.com',
    '"internal',
    "a.com'",
    '“internal”',
    '["a.com"]',
    'https://*',
    'ftp://a.com',
    'unix:///run/a.sock',
    'https://',
    '-a.com',
    '$TRUSTED_HOSTS',
    '{a.com}',
    'host=a.com',
    '(a|b).com',
    'a..com',
    '.a.com',
    'api*.example.com',
    '*example.com',
    '*.*.example.com',
    'a.*.example.com',
    '*.',
    '*.10.0.0.1',
    '10.0.*',
    '10.9',
    '10.9.9.',
    '8',
    '*:443',
    'internal:443',
    'none:443',
    'a.com:',
    'a.com:0',
    'a.com:65536',
    'a.com:999999',
    'a.com:http',
    'a.com:80:80',
    'a.com:-1',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '10.0.0/8',
    '10.0.0.256',
    '10.0.0.0/8:443',
    '10.0.0.1-10.0.0.9',
    'fd00::/129',
    '::ffff:10.0.0.0/95',
    '[fd00::/8]',
    '[::1',
    '::1]',
    ':::1',
    '[::1]:0',
    '.',
    '!',
    '!!a.com',
    '!none',
    '!10.0.0.0/33',
  ])('%s is named, and what is used instead', (entry) => {
    const isException = entry.startsWith('!');
    const alone = parsePatterns(entry, 'internal');
    expect(alone.warning).toBe(`${JSON.stringify(entry)} cannot be read; none is used`);
    expect(alone.patterns.source).toBe('none');
    const { patterns, warning } = parsePatterns(`a.com,${entry}`, 'internal');
    expect(warning).toBe(
      `${JSON.stringify(entry)} cannot be read; ${isException ? 'none' : 'a.com'} is used`,
    );
    expect(holds(patterns, 'a.com')).toBe(!isException);
    expect(holds(patterns, 'b.com')).toBe(false);
  });

  test.each([
    '*,!http:/evil.com,!b.com',
    '*,http:/evil.com',
    '*,-evil.com',
    '*,！evil.com',
    'internal,*,~evil.com',
  ])('%s may have been an exception, so the rest of the list is not used', (list) => {
    const { patterns, warning } = parsePatterns(list, '*');
    expect(holds(patterns, 'evil.com')).toBe(false);
    expect(patterns.source).toBe('none');
    expect(warning).toMatch(/cannot be read; none is used$/);
  });

  test('among others: all the bad ones are named, the good ones hold', () => {
    const { patterns, warning } = parsePatterns('http:/x,a.com,b.com:0,!c.com', '*');
    expect(warning).toBe('"http:/x", "b.com:0" cannot be read; a.com,!c.com is used');
    expect([holds(patterns, 'a.com'), holds(patterns, 'b.com'), holds(patterns, 'c.com')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test.each(['*', 'internal'] as const)(
    'without another entry closes the list, and does not mean %s',
    (base) => {
      const { patterns, warning } = parsePatterns('http:/x,b.com:0', base);
      expect(warning).toBe('"http:/x", "b.com:0" cannot be read; none is used');
      expect([holds(patterns, 'any.com'), holds(patterns, 'localhost')]).toEqual([false, false]);
    },
  );

  test('beside an exception alone closes the list, because the exception alone would grant all other hosts', () => {
    const { patterns, warning } = parsePatterns('inter/nal,!evil.com', '*');
    expect(warning).toBe('"inter/nal" cannot be read; none is used');
    expect([holds(patterns, 'any.com'), holds(patterns, 'localhost')]).toEqual([false, false]);
  });
});

describe('common mistakes in a list', () => {
  test.each([
    ['"none"', 'none'],
    ["'internal'", 'internal'],
    ['"\'none\'"', 'none'],
    [' "a.com, !b.com" ', 'a.com,!b.com'],
    ['"a.com","!b.com"', 'a.com,!b.com'],
    ['*,!"b.com"', '*,!b.com'],
  ])('quotes: %s is %s', (list, source) => {
    expect(good(list).source).toBe(source);
  });

  test.each(['a.com;b.com', 'a.com b.com', 'a.com ; b.com', 'a.com\tb.com\nc.com', 'a.com\u00a0b.com'])(
    'other separators than commas: %j',
    (list) => {
      expect([holds(good(list), 'a.com'), holds(good(list), 'b.com'), holds(good(list), 'd.com')]).toEqual([
        true,
        true,
        false,
      ]);
    },
  );

  test.each([
    ['http://orders.internal', 'orders.internal:80'],
    ['https://API.example.com/v1?x=http://evil.com#y', 'API.example.com:443'],
    ['wss://a.com', 'a.com:443'],
    ['https://user:pass@a.com:8443/', 'a.com:8443'],
    ['https://good.com@evil.com', 'evil.com:443'],
    ['http://[::1]:8080', '[::1]:8080'],
    ['https://*.example.com', '*.example.com:443'],
    ['grpc://a.com:50051', 'a.com:50051'],
    ['*,!https://evil.com', '*,!evil.com'],
    ['*,!https://evil.com:8443/x', '*,!evil.com:8443'],
  ])('a URL: %s is %s', (list, source) => {
    const { patterns, warning } = parsePatterns(list, 'internal');
    expect(patterns.source).toBe(source);
    expect(warning).toMatch(/ is read as host and port; .* is used$/);
  });

  test('an exception by URL holds for every port of the host, unless it names one', () => {
    const { patterns } = parsePatterns('*,!https://evil.com', '*');
    expect([holds(patterns, 'evil.com', 443), holds(patterns, 'evil.com', 80)]).toEqual([false, false]);
  });
});

test.each(['', ' ', ',', ' , ;', '""'])('an empty list (%j) means none, with a warning', (list) => {
  const { patterns, warning } = parsePatterns(list, 'internal');
  expect(warning).toBe('holds no pattern; none is used');
  expect([holds(patterns, 'localhost'), holds(patterns, 'a.com')]).toEqual([false, false]);
});

test.each(['none,a.com', '*,none', 'none,!a.com', 'none,none'])(
  'none beside other entries (%s) means none',
  (list) => {
    const { patterns, warning } = parsePatterns(list, '*');
    expect(warning).toBe('none stands beside other patterns; none is used');
    expect([holds(patterns, 'a.com'), holds(patterns, 'b.com'), holds(patterns, 'none')]).toEqual([
      false,
      false,
      false,
    ]);
  },
);

test('any list is parsed without an error, and an unusable list matches no host', () => {
  const pieces = [
    '*',
    'none',
    'internal',
    '!',
    'a.com',
    '*.',
    '10.0.0.0',
    '/8',
    ':80',
    '::1',
    '[',
    ']',
    '%',
    ',',
    ' ',
  ];
  const size = pieces.length;
  for (let i = 0; i < size ** 4; i += 3) {
    const list = [i, i / size, i / size ** 2, i / size ** 3]
      .map((n) => pieces[Math.floor(n) % size])
      .join('');
    const { patterns, warning } = parsePatterns(list, '*');
    const held = ['a.com', '10.0.0.1', '::1', ''].filter((host) => matches(patterns, { host, port: 80 }));
    if (warning?.endsWith('none is used') || patterns.source === 'none') expect(held, list).toEqual([]);
    if (warning !== undefined) expect(warning, list).toMatch(/^[^\n]+ is used$/);
    expect(parsePatterns(patterns.source, '*').patterns, list).toEqual(patterns);
  }
});
