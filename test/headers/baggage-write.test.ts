import { describe, expect, test } from 'vitest';
import { formatBaggage, parseBaggage } from '../../src/headers/baggage.ts';
import { mergeBaggage } from '../../src/headers/members.ts';

/** `baggage-octet` of the W3C's grammar: what a value may be made of. */
const VALUE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+$/;
const PROJECT = 'langsmith-project=p';

describe('the written baggage', () => {
  test('metadata, tags, project, in this order, nothing between them', () => {
    expect(formatBaggage({ project: 'p', tags: ['a', 'b'], metadata: { k: 'v' } })).toBe(
      'langsmith-metadata=%7B%22k%22%3A%22v%22%7D,langsmith-tags=a%2Cb,langsmith-project=p',
    );
  });

  test('an address only where there is no project: the SDK refuses a header with both', () => {
    const address = 'lrn:agents/a/environments/local';
    expect(formatBaggage({ address })).toBe('langsmith-address=lrn%3Aagents%2Fa%2Fenvironments%2Flocal');
    expect(formatBaggage({ address, project: 'p' })).toBe(PROJECT);
  });

  test.each([' ,;=%"\\', 'CJK 漢字 🎉', '\r\nx-injected: 1', '\u0000\u007f\u0080\u2028', "~!*()'"])(
    'only characters that baggage allows: %j',
    (text) => {
      const members = formatBaggage({ metadata: { [text]: text }, tags: [text], project: `p${text}` }).split(
        ',',
      );
      expect(members.length).toBeGreaterThanOrEqual(2);
      for (const member of members) {
        const [name, ...value] = member.split('=');
        expect(name).toMatch(/^langsmith-(metadata|tags|project)$/);
        expect(value).toHaveLength(1);
        expect(value[0]).toMatch(VALUE);
      }
    },
  );
});

describe('nothing is written', () => {
  test.each([
    ['no fields', {}],
    ['undefined fields', { metadata: undefined, tags: undefined, project: undefined, address: undefined }],
    ['empty fields', { metadata: {}, tags: [], project: '' }],
    ['a project of spaces', { project: '  ' }],
    ['metadata that JSON leaves out', { metadata: { a: undefined, b: () => 1, c: Symbol('c') } }],
    ['metadata that is a list', { metadata: ['a'] as object as Record<string, unknown> }],
    ['metadata that is a date', { metadata: new Date(0) as object as Record<string, unknown> }],
    ['an empty tag', { tags: [''] }],
    ['empty tags', { tags: ['', ''] }],
    ['a project with a lone surrogate', { project: 'a\ud800' }],
    ['an empty address', { address: '' }],
    ['an address that is none', { address: 'nonsense' }],
    ['an address with a lone surrogate', { address: '\ud800' }],
  ])('for %s', (_, fields) => {
    expect(formatBaggage(fields)).toBe('');
  });

  test('for an empty tag among others', () => {
    expect(parseBaggage(formatBaggage({ tags: ['', 'a', '', 'b', ''] })).tags).toEqual(['a', 'b']);
  });
});

describe('fields that cannot be written are left out, and the rest is written', () => {
  const cycle: Record<string, unknown> = {};
  cycle['self'] = { cycle };
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const fail = () => {
    throw new Error('hostile');
  };

  test.each([
    ['a cycle', cycle],
    ['a BigInt', { n: 1n }],
    ['a toJSON that throws', { date: { toJSON: fail } }],
    ['a toJSON of the whole that throws', { toJSON: fail }],
    ['a toJSON that makes it text', { toJSON: () => 'text' }],
    ['a toJSON that makes it nothing', { toJSON: () => undefined }],
    ['a getter that throws', Object.defineProperty({}, 'a', { enumerable: true, get: fail })],
    ['an invalid date', { date: { toJSON: () => new Date(Number.NaN).toISOString() } }],
    ['a revoked proxy', { inner: revoked.proxy }],
  ])('metadata with %s', (_, metadata) => {
    expect(formatBaggage({ metadata: metadata as Record<string, unknown>, tags: ['t'], project: 'p' })).toBe(
      `langsmith-tags=t,${PROJECT}`,
    );
  });

  test('tags with a lone surrogate', () => {
    expect(formatBaggage({ metadata: { a: 1 }, tags: ['\udc00'], project: 'p' })).toBe(
      `langsmith-metadata=%7B%22a%22%3A1%7D,${PROJECT}`,
    );
  });

  test('a lone surrogate in metadata can be written: JSON escapes it', () => {
    const metadata = { 'k\ud800': 'v\udc00' };
    expect(parseBaggage(formatBaggage({ metadata })).metadata).toEqual(metadata);
  });

  test('and the fields are as they were', () => {
    const fields = { metadata: Object.freeze({ a: 1 }), tags: Object.freeze(['', 't']), project: 'p' };
    formatBaggage(Object.freeze(fields));
    expect(fields).toEqual({ metadata: { a: 1 }, tags: ['', 't'], project: 'p' });
  });
});

describe('beside the members of other vendors', () => {
  const OURS = 'langsmith-tags=t,langsmith-project=p';

  test.each([
    ['none', '', OURS],
    ['spaces', ' , ,', OURS],
    ['one', 'a=1', `${OURS},a=1`],
    ['several', 'a=1,b=2', `${OURS},a=1,b=2`],
    ['with spaces', ' a=1 , b=2 ', `${OURS},a=1 , b=2`],
    ['with properties', 'a=1;p;q=2,b=2', `${OURS},a=1;p;q=2,b=2`],
    ['one without =', 'flag,a=1', `${OURS},flag,a=1`],
    ['with a bad percent sequence', 'a=%zz', `${OURS},a=%zz`],
    ['with raw non-ASCII', 'a=é', `${OURS},a=é`],
    ['equal names, which are theirs to sort out', 'a=1,a=2', `${OURS},a=1,a=2`],
    [
      'names that only look like ours',
      'xlangsmith-project=1,langsmith=2',
      `${OURS},xlangsmith-project=1,langsmith=2`,
    ],
    ['ours first', 'langsmith-project=old,a=1,b=2', `${OURS},a=1,b=2`],
    ['ours in the middle', 'a=1,langsmith-project=old,b=2', `${OURS},a=1,b=2`],
    ['ours last', 'a=1,b=2,langsmith-project=old', `${OURS},a=1,b=2`],
    [
      'ours everywhere',
      'langsmith-tags=x,a=1, langsmith-project=y,b=2,\tlangsmith-metadata=z',
      `${OURS},a=1,b=2`,
    ],
    ['ours with spaces and properties', 'a=1, langsmith-project = old ; q=1', `${OURS},a=1`],
    ['ours without a value', 'langsmith-project,a=1', `${OURS},a=1`],
    ['ours alone', 'langsmith-project=old', OURS],
    ['replicas', 'langsmith-replicas=%5B%5D,a=1', `${OURS},a=1`],
  ])('%s', (_, existing, merged) => {
    expect(mergeBaggage(OURS, existing)).toBe(merged);
  });

  test('with nothing of ours to say, theirs stay and ours that were there go', () => {
    expect(mergeBaggage('', 'a=1, langsmith-project=old,b=2')).toBe('a=1,b=2');
    expect(mergeBaggage('', 'a=1')).toBe('a=1');
    expect(mergeBaggage('', 'langsmith-project=old')).toBe('');
    expect(mergeBaggage('', '')).toBe('');
  });

  test('merging again changes nothing', () => {
    const once = mergeBaggage(OURS, ' a=1 ,langsmith-x=1, b=2;p ');
    expect(mergeBaggage(OURS, once)).toBe(once);
  });

  test('replicas do not hide in another member, where the SDKs’ parsers would find them', () => {
    const merged = mergeBaggage(OURS, 'a="x,langsmith-replicas=%5B%5D",b=1');
    expect(merged).not.toContain('replicas');
    expect(merged).toContain('b=1');
  });

  test('no header is broken into two', () => {
    const merged = mergeBaggage(formatBaggage({ project: 'p', tags: ['a\r\nx: y'] }), 'a=1');
    expect(merged).not.toMatch(/[\r\n]/);
  });
});
