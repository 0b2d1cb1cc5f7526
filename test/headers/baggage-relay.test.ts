import { describe, expect, it } from 'vitest';
import { parseBaggage, relayMembers } from '../../src/headers/baggage.ts';
import { joinMembers } from '../../src/headers/members.ts';

const relay = (header: string) => {
  const { metadata, tags, destination } = relayMembers(header);
  return joinMembers(joinMembers(metadata, tags), destination);
};
const metadata = (json: string) => `langsmith-metadata=${encodeURIComponent(json)}`;

describe('a baggage that is passed on', () => {
  it.each([
    ['as this SDK writes it', `${metadata('{"a":"b c"}')},langsmith-tags=a%2Cb,langsmith-project=p`],
    ['as Python writes it', `${metadata('{"a": "ü", "b": [1, 2]}')},langsmith-project=p`],
    ['a number with more digits than JavaScript keeps', metadata('{"id":12345678901234567890,"f":1.0}')],
    ['an address', 'langsmith-address=lrn%3Aagents%2Fa%2Fenvironments%2Flocal'],
    ['lower-case hexadecimal', 'langsmith-project=a%2cb'],
  ])('stays as it is: %s', (_, header) => {
    expect(relay(header)).toBe(header);
  });

  it.each([
    ['other members', 'a=1, langsmith-project=p ,b=2;q', 'langsmith-project=p'],
    ['properties', 'langsmith-project=p;x=1', 'langsmith-project=p'],
    ['replicas', 'langsmith-replicas=%5B%5D,langsmith-project=p', 'langsmith-project=p'],
    [
      'a member that comes twice',
      'langsmith-project=p,langsmith-tags=a,langsmith-tags=b',
      'langsmith-project=p',
    ],
    ['metadata that is no object', `${metadata('[1]')},langsmith-tags=a`, 'langsmith-tags=a'],
    ['metadata that is empty', metadata('{}'), ''],
    ['metadata that is no JSON', metadata('{'), ''],
    ['a bad percent sequence', 'langsmith-project=%zz,langsmith-tags=a', 'langsmith-tags=a'],
    [
      'an address beside a project',
      'langsmith-address=lrn%3Aagents%2Fa%2Fenvironments%2Flocal,langsmith-project=p',
      'langsmith-project=p',
    ],
    ['an address that is none', 'langsmith-address=lrn%3Ax', ''],
    ['empty tags', 'langsmith-tags=%2Ca%2C%2Cb', 'langsmith-tags=a%2Cb'],
    ['a prototype', metadata('{"a":1,"__proto__":{"b":2}}'), metadata('{"a":1}')],
    ['a prototype in escapes', metadata('{"a":1,"\\u005f_proto__":{"b":2}}'), metadata('{"a":1}')],
  ])('loses %s', (_, header, left) => {
    expect(relay(header)).toBe(left);
  });

  it.each([
    ['characters that need not be escaped', 'langsmith-project=a/b:c@d', 'langsmith-project=a%2Fb%3Ac%40d'],
    ['characters that must be', 'langsmith-project=a b"', 'langsmith-project=a%20b%22'],
    ['JSON in plain letters', 'langsmith-metadata={"a":"b"}', metadata('{"a":"b"}')],
    [
      'a percent sign beside bare characters',
      'langsmith-project=5%,langsmith-tags={',
      'langsmith-tags=%7B,langsmith-project=5%25',
    ],
  ])('is written anew: %s', (_, header, written) => {
    expect(relay(header)).toBe(written);
    expect(parseBaggage(written)).toEqual(parseBaggage(header));
  });
});
