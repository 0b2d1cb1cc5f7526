import { describe, expect, test } from 'vitest';
import { formatBaggage, parseBaggage } from '../../src/headers/baggage.ts';

const json = (value: unknown) => encodeURIComponent(JSON.stringify(value));
const PROJECT = 'langsmith-project=p';
/** Nothing is said in this header. */
const NOTHING = { metadata: undefined, tags: undefined, project: undefined, address: undefined };

/** The numbers 0 to 1, the same in each run (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

describe('a member is found', () => {
  test.each([
    ['alone', PROJECT],
    ['behind another', `a=1,${PROJECT}`],
    ['before another', `${PROJECT},a=1`],
    ['behind a comma and a space', `a=1, ${PROJECT}`],
    ['behind a comma and a tab', `a=1,\t${PROJECT}`],
    ['with spaces around its name and value', ' langsmith-project = p ,a=1'],
    ['with properties', `${PROJECT};q=2;secret`],
    ['with a property behind a space', `${PROJECT} ; q=2`],
    ['behind a member without =', `flag,${PROJECT}`],
    ['behind an empty member', `,,${PROJECT},`],
    ['behind a member with a bad percent sequence', `other=%zz,${PROJECT}`],
    ['behind a foreign member that looks like ours', `x-langsmith-project=evil,${PROJECT}`],
    ['behind one of ours that is not known', `langsmith-future=1,${PROJECT}`],
    ['behind one of ours that is broken', `langsmith-metadata=%7B,langsmith-tags=%,${PROJECT}`],
  ])('%s', (_, header) => {
    expect(parseBaggage(header)).toEqual({ ...NOTHING, project: 'p' });
  });

  test('with a raw = in its value', () => {
    expect(parseBaggage('langsmith-project=a=b').project).toBe('a=b');
    expect(parseBaggage('langsmith-metadata={"a":"b=c"}').metadata).toEqual({ a: 'b=c' });
  });
});

describe('a member is ignored', () => {
  test.each([
    ['not a header', 7],
    ['null', null],
    ['undefined', undefined],
    ['a list', [PROJECT]],
    ['empty', ''],
    ['commas', ',,,'],
    ['no value', 'langsmith-project,langsmith-tags,langsmith-metadata'],
    ['an empty value', 'langsmith-project=,langsmith-tags=,langsmith-metadata=,langsmith-address='],
    ['no name', '=langsmith-project'],
    ['a name in another letter case', 'LangSmith-Project=p'],
    ['a longer name', 'langsmith-project2=p'],
    ['an encoded name', 'langsmith%2Dproject=p'],
    ['a project of spaces', 'langsmith-project=%20%20'],
    ['tags of nothing', 'langsmith-tags=%2C%2C'],
    ['a bad percent sequence', 'langsmith-project=100%'],
    ['half a character', 'langsmith-project=%E7%94'],
    ['an encoded surrogate', 'langsmith-project=%ED%A0%80'],
    ['metadata that is not JSON', 'langsmith-metadata=nope'],
    ['metadata with a raw comma', 'langsmith-metadata={"a":1,"b":2}'],
    ['metadata cut short', `langsmith-metadata=${json({ a: 1 }).slice(0, -3)}`],
    ['metadata encoded twice', `langsmith-metadata=${encodeURIComponent(json({ a: 1 }))}`],
    ['the SDK’s address and nothing valid in it', 'langsmith-address=lrn%3Aagents'],
  ])('%s', (_, header) => {
    expect({ ...NOTHING, ...parseBaggage(header) }).toEqual(NOTHING);
  });

  test.each([['text'], [''], [7], [true], [null], [[]], [['a']], [[{ a: 1 }]], [{}]])(
    'metadata that is %j',
    (value) => {
      expect(parseBaggage(`langsmith-metadata=${json(value)},${PROJECT}`)).toEqual({
        ...NOTHING,
        project: 'p',
      });
    },
  );

  test.each(['metadata', 'tags', 'project', 'address'])('%s that comes twice, equal or not', (name) => {
    const value = name === 'metadata' ? json({ a: 1 }) : 'lrn:agents/a/environments/local';
    const member = `langsmith-${name}=${value}`;
    expect(parseBaggage(member)).not.toEqual(NOTHING);
    for (const other of [member, `langsmith-${name}=x`, `langsmith-${name}=%zz`, `langsmith-${name}=`]) {
      expect(parseBaggage(`${member},${other}`)).toEqual(NOTHING);
      expect(parseBaggage(`${other}, a=1, ${member}`)).toEqual(NOTHING);
      expect(parseBaggage(`${member},${other},${member}`)).toEqual(NOTHING);
    }
  });

  test('in a header of more than 65,536 characters', () => {
    const filled = (length: number) => `${PROJECT},a=${'x'.repeat(length - PROJECT.length - 3)}`;
    expect(parseBaggage(filled(65_536)).project).toBe('p');
    expect(parseBaggage(filled(65_537))).toEqual({});
  });

  test('an address beside a project: every version understands the project', () => {
    const address = 'langsmith-address=lrn%3Aagents%2Fa%2Fenvironments%2Flocal';
    expect(parseBaggage(address).address).toBe('lrn:agents/a/environments/local');
    expect(parseBaggage(`${address},${PROJECT}`)).toEqual({ ...NOTHING, project: 'p' });
  });
});

describe('langsmith-replicas (CVE-2026-25528)', () => {
  const replicas = json([
    { apiUrl: 'https://evil.example', apiKey: 'k', projectName: 'evil', updates: { outputs: 1 } },
  ]);

  test.each([
    `langsmith-replicas=${replicas}`,
    `a=1, langsmith-replicas=${replicas}`,
    `langsmith-replicas=${replicas};p=1`,
    `langsmith-replicas=${json([['evil', {}]])}`,
    'langsmith-replicas=%zz',
  ])('is never read: %s', (member) => {
    expect(JSON.stringify(parseBaggage(`${member},${PROJECT}`))).toBe('{"project":"p"}');
    expect(formatBaggage(parseBaggage(`${PROJECT},${member}`))).toBe(PROJECT);
  });

  test('is never written, whatever the fields hold', () => {
    expect(formatBaggage({ project: 'p', replicas: [{ apiUrl: 'https://x' }] } as object)).toBe(PROJECT);
  });
});

describe('metadata cannot reach a prototype', () => {
  const parse = (text: string) => parseBaggage(`langsmith-metadata=${encodeURIComponent(text)}`).metadata;

  test('__proto__ is left out', () => {
    const metadata = parse('{"__proto__":{"polluted":1},"a":1}');
    expect(Object.getOwnPropertyNames(metadata)).toEqual(['a']);
    expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype);
    expect(parse('{"__proto__":{"polluted":1}}')).toBeUndefined();
  });

  test('__proto__ is left out at every depth', () => {
    const metadata = parse('{"a":{"__proto__":{"polluted":1},"b":[{"__proto__":{"polluted":1}}]}}');
    expect(JSON.stringify(metadata)).not.toContain('polluted');
  });

  test('__proto__ is left out when escapes spell it', () => {
    expect(parse('{"\\u005f\\u005fproto\\u005f_":{"polluted":1},"a":{"__pr\\u006fto__":1}}')).toEqual({
      a: {},
    });
  });

  test('__proto__ as a value, or in a longer name, stays', () => {
    const metadata = { a: '__proto__', __proto__s: ['\u005f', null, '__proto__'] };
    expect(parse(JSON.stringify(metadata))).toEqual(metadata);
  });

  test('nothing is polluted by reading it', () => {
    parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('never throws', () => {
  test.each([0, 1, 2, 3])('on noise (seed %i), and written fields are read back equal', (seed) => {
    const next = numbers(seed);
    // biome-ignore format: a table
    const pieces = [
      'langsmith-metadata=', 'langsmith-tags=', 'langsmith-project=', 'langsmith-address=', 'langsmith-replicas=',
      'lrn:agents/a/environments/local', '%7B%22a%22%3A1%7D', '{', '}', '"a":', '[', ']', '%', '%2', '%2C', '%ff',
      '%E7%94%A8', ',', ', ', ';', '=', ' ', '\t', 'x', '\u0000', '\ud800', '🎉', '"__proto__":{}', 'null',
    ];
    for (let i = 0; i < 5000; i++) {
      let header = '';
      for (let n = next() * 12; n > 0; n--) header += pieces[Math.floor(next() * pieces.length)];
      const fields = parseBaggage(header);
      const again = parseBaggage(formatBaggage(fields));
      // A surrogate that stands alone in the header cannot be written; no header that Node reads has one.
      if (!header.includes('\ud800'))
        expect({ ...NOTHING, ...again }, header).toEqual({ ...NOTHING, ...fields });
    }
  });

  test.each([
    ['lists', '[', ']', '1'],
    ['objects', '{"a":', '}', '1'],
    ['objects that name a prototype', '{"a":', '}', '{"__proto__":1}'],
  ])('on JSON nested as deep as a header can carry it: %s', (_, open, close, value) => {
    const depth = Math.floor(16_000 / (open.length + close.length));
    const nested = open.repeat(depth) + value + close.repeat(depth);
    const fields = parseBaggage(`langsmith-metadata={"a":${nested}},${PROJECT}`);
    expect(fields.project).toBe('p');
    expect(formatBaggage(fields)).toContain(PROJECT);
  });
});
