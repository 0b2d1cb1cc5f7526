/** The values of LangSmith's members as services of other languages write them when they pass `baggage` on. */
import { describe, expect, it } from 'vitest';
import { formatBaggage, parseBaggage, relayMembers } from '../../src/headers/baggage.ts';
import { joinMembers } from '../../src/headers/members.ts';
import { readTraceMember } from '../../src/headers/trace-member.ts';
import { dottedOrder } from '../support/trace.ts';

const trace = dottedOrder(2);
const FIELDS = {
  metadata: { text: 'a + b, "c" = d; 100% 日本 🎉', 'k ey': '\\', n: 1 },
  tags: ['c++', 'two words', 'größe'],
  project: '我的 project 🚀',
};

const hex = (sign: string) =>
  encodeURIComponent(sign).replace(/^[^%]/, (c) => `%${c.charCodeAt(0).toString(16)}`);
/** Encodes every character that is not matched. */
const escaped = (bare: RegExp) => (text: string) =>
  [...text].map((sign) => (bare.test(sign) ? sign : hex(sign))).join('');

/** The encoding of a value by each of them. */
const ENCODINGS: [string, (text: string) => string][] = [
  ['JavaScript, encodeURIComponent', encodeURIComponent],
  ['Python, urllib.parse.quote', escaped(/[\w.~/-]/)],
  [
    'Python, urllib.parse.quote_plus (OpenTelemetry)',
    (text) => escaped(/[\w.~-]| /)(text).replaceAll(' ', '+'),
  ],
  ['HTML forms (java.net.URLEncoder)', (text) => escaped(/[\w.*-]| /)(text).replaceAll(' ', '+')],
  ['Datadog for Python and Ruby', escaped(/[\w$!#&'()*+./:<>?@[\]^`{|}~-]/)],
  ['Datadog for Java', escaped(/[\w$!#&'()*+./:<=>?@[\]^`{|}~-]/)],
  ['OpenTelemetry for Java', escaped(/[\w.~!$'()*&@:-]/)],
  ['every character', escaped(/(?!)/)],
  ['in lower case', (text) => encodeURIComponent(text).replace(/%../g, (code) => code.toLowerCase())],
];

/** The members in another order, with a property and the members of another vendor. */
function passedOn(encode: (text: string) => string): string {
  const { metadata, tags, project } = FIELDS;
  return [
    'vendor=1',
    `langsmith-project=${encode(project)}`,
    `langsmith-tags=${encode(tags.join(','))};p=1`,
    ` langsmith-trace=${encode(trace)}`,
    `langsmith-metadata=${encode(JSON.stringify(metadata))} ; q`,
  ].join(',');
}

describe.each(ENCODINGS)('%s', (_, encode) => {
  const header = passedOn(encode);

  it('is undone', () => {
    expect(parseBaggage(header)).toEqual({ ...FIELDS, address: undefined });
    expect(readTraceMember(header)).toBe(trace);
  });

  it('is relayed as the SDK would write it', () => {
    const { metadata, tags, destination } = relayMembers(header);
    const relayed = joinMembers(joinMembers(metadata, tags), destination);
    expect(parseBaggage(relayed)).toEqual({ ...FIELDS, address: undefined });
    expect(relayed.replace(/%../g, (code) => code.toUpperCase())).toMatch(/^[\w.!~*'()%=,-]*$/);
  });
});

/** Received by a server behind real services, which `npm run test:languages` starts. */
const RECORDED: [string, string][] = [
  [
    'OpenTelemetry for Python',
    'langsmith-metadata=%7B%22text%22%3A%22a+%2B+b%2C+%5C%22c%5C%22+%3D+d%3B+100%25+%E6%97%A5%E6%9C%AC%22%7D,langsmith-tags=c%2B%2B%2Ctwo+words,langsmith-project=my+shop+c%2B%2B+100%25',
  ],
  [
    'OpenTelemetry for Go',
    'langsmith-tags=c++%2Ctwo%20words,langsmith-project=my%20shop%20c++%20100%25,langsmith-metadata={%22text%22:%22a%20+%20b%2C%20%5C%22c%5C%22%20=%20d%3B%20100%25%20%E6%97%A5%E6%9C%AC%22}',
  ],
  [
    'OpenTelemetry for Java',
    'langsmith-metadata=%7B%22text%22:%22a%20%2B%20b%2C%20%5C%22c%5C%22%20%3D%20d%3B%20100%25%20%E6%97%A5%E6%9C%AC%22%7D,langsmith-project=my%20shop%20c%2B%2B%20100%25,langsmith-tags=c%2B%2B%2Ctwo%20words',
  ],
  [
    'Datadog for Python',
    'langsmith-metadata={%22text%22:%22a%20+%20b%2C%20%5C%22c%5C%22%20%3D%20d%3B%20100%%20%E6%97%A5%E6%9C%AC%22},langsmith-tags=c++%2Ctwo%20words,langsmith-project=my%20shop%20c++%20100%',
  ],
  [
    'Datadog for Java',
    'langsmith-metadata={%22text%22:%22a%20+%20b%2C%20%5C%22c%5C%22%20=%20d%3B%20100%25%20%E6%97%A5%E6%9C%AC%22},langsmith-tags=c++%2Ctwo%20words,langsmith-project=my%20shop%20c++%20100%25',
  ],
];

it.each(RECORDED)('what %s has passed on is read as it was sent', (_, header) => {
  expect(parseBaggage(header)).toEqual({
    metadata: { text: 'a + b, "c" = d; 100% 日本' },
    tags: ['c++', 'two words'],
    project: 'my shop c++ 100%',
    address: undefined,
  });
});

describe('a plus sign', () => {
  it.each([
    ['alone', 'langsmith-project=my+shop', 'my shop'],
    ['beside an encoded plus sign', 'langsmith-project=c%2B%2B+shop', 'c++ shop'],
    ['beside an encoded comma', 'langsmith-project=a%2C+b', 'a, b'],
    ['at both ends', 'langsmith-project=+a+', ' a '],
  ])('is a space, %s', (_, header, project) => {
    expect(parseBaggage(header).project).toBe(project);
  });

  it.each([
    ['an encoded space', 'langsmith-project=c++%20shop', 'c++ shop'],
    ['a bare brace in another member', 'langsmith-metadata={%22a%22:1},langsmith-project=c++', 'c++'],
    ['a bare colon', 'langsmith-project=a:b+c', 'a:b+c'],
  ])('is a plus sign beside %s, because HTML forms encode that', (_, header, project) => {
    expect(parseBaggage(header).project).toBe(project);
  });

  it('of another vendor changes nothing', () => {
    expect(parseBaggage('vendor={+},langsmith-project=a%20b').project).toBe('a b');
    expect(parseBaggage('vendor={:},langsmith-project=a+b').project).toBe('a b');
  });

  it('cannot be told from a space if nothing else in the header says how it is encoded', () => {
    expect(parseBaggage('langsmith-project=c++').project).toBe('c  ');
  });

  it('that the SDKs write stays one', () => {
    expect(parseBaggage(formatBaggage({ project: 'c++' })).project).toBe('c++');
  });
});

it('a percent sign that begins no sequence stays one beside bare characters, and is an error otherwise', () => {
  expect(parseBaggage('langsmith-metadata={%22a%22:%225%%22},langsmith-project=100%')).toMatchObject({
    metadata: { a: '5%' },
    project: '100%',
  });
  expect(parseBaggage('langsmith-metadata={%22a%22:%2250%41%22}').metadata).toEqual({ a: '50A' });
  expect(parseBaggage('langsmith-project=100%').project).toBeUndefined();
});

it('a number with more digits than JavaScript keeps is relayed whole', () => {
  const { metadata } = relayMembers('langsmith-metadata=%7B%22id%22%3A+12345678901234567890%7D');
  expect(metadata).toBe(`langsmith-metadata=${encodeURIComponent('{"id": 12345678901234567890}')}`);
});
