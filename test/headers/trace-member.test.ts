import { describe, expect, it } from 'vitest';
import {
  formatTraceMember,
  holdsTraceMember,
  readTraceMember,
  withoutTraceMember,
} from '../../src/headers/trace-member.ts';
import { dottedOrder } from '../support/trace.ts';

const trace = dottedOrder(3);
const other = dottedOrder(2);
const member = formatTraceMember(trace);

/** Each character as a percent sequence, as a service may write it. */
const encoded = (text: string, digits: (hex: string) => string) =>
  [...text].map((sign) => `%${digits(sign.charCodeAt(0).toString(16).padStart(2, '0'))}`).join('');

describe('the dotted order in baggage', () => {
  it.each([
    ['alone', member],
    ['before other members', `${member},langsmith-project=p,vendor=1`],
    ['behind other members', `vendor=1;p,langsmith-metadata=%7B%22a%22%3A1%7D, ${member}`],
    ['with spaces around its name and value', ` langsmith-trace = ${trace} ,a=1`],
    ['with properties', `${member};p=1;secret`],
    ['with upper-case percent sequences', `langsmith-trace=${encoded(trace, (hex) => hex.toUpperCase())}`],
    ['with lower-case percent sequences', `langsmith-trace=${encoded(trace, (hex) => hex.toLowerCase())}`],
    ['beside members that are not valid', `langsmith-project=%,${member},=,flag,,`],
    ['beside a member of another vendor that looks like it', `x-langsmith-trace=${other},${member}`],
  ])('is read %s', (_, header) => {
    expect(readTraceMember(header)).toBe(trace);
    expect(holdsTraceMember(header)).toBe(true);
  });

  it.each([
    ['twice', `${member},${member}`],
    ['twice, with two values', `${member},langsmith-trace=${other}`],
    ['twice, once without a value', `langsmith-trace=,${member}`],
    ['twice, once with an encoded name', `${member},langsmith%2Dtrace=${other}`],
    ['twice, first with an encoded name', `langsmith%2dtrace=${trace},${member}`],
    ['with no value', 'langsmith-trace='],
    ['cut short', member.slice(0, -1)],
    ['with another behind it', `${member}.`],
    ['with a day that does not exist', `langsmith-trace=${trace.replace('20260101', '20260132')}`],
    ['with a bad percent sequence', `${member}%`],
    ['with a plus sign', `langsmith-trace=+${trace}`],
    ['in quotes', `langsmith-trace="${trace}"`],
    ['that is too long', `langsmith-trace=${dottedOrder(300)}`],
  ])('is not read %s, but is found', (_, header) => {
    expect(readTraceMember(header)).toBeUndefined();
    expect(holdsTraceMember(header)).toBe(true);
  });

  it.each([
    ['an encoded name', `langsmith%2Dtrace=${trace}`, true],
    ['a name in another letter case', `LangSmith-Trace=${trace}`, false],
    ['a longer name', `langsmith-trace2=${trace}`, false],
    ['another member', `langsmith-project=${trace}`, false],
    ['only a property', `vendor=1;${member}`, false],
    ['only another vendor’s value', `vendor=langsmith-trace`, false],
    ['no header', undefined, false],
  ])('is not read from %s', (_, header, isFound) => {
    expect(readTraceMember(header)).toBeUndefined();
    expect(holdsTraceMember(header)).toBe(isFound);
  });

  it.each([7, null, undefined, [member], {}])('is not read from %j', (value) => {
    expect(readTraceMember(value)).toBeUndefined();
  });

  it('is not read from a header that is too long', () => {
    expect(readTraceMember(`${member},${'x'.repeat(65_536)}`)).toBeUndefined();
  });

  it.each([
    [`${member},langsmith-project=p,a=1`, 'langsmith-project=p,a=1'],
    [member, ''],
    [`a=1,${member}`, `a=1,${member}`],
    ['langsmith-tags=t', 'langsmith-tags=t'],
  ])('%s without the first member is %s', (header, rest) => {
    expect(withoutTraceMember(header)).toBe(rest);
  });
});
