import { describe, expect, test } from 'vitest';
import { matches, parseQuery } from '../../../src/collector/page/model/query.ts';

describe('parseQuery', () => {
  test.each([
    ['error', [{ kind: 'error' }]],
    ['"error"', [{ kind: 'text', text: 'error' }]],
    ['Service:Pay', [{ kind: 'service', name: 'pay' }]],
    ['>100ms', [{ kind: 'longer', than: 100 }]],
    [
      '>100 <1.5s',
      [
        { kind: 'longer', than: 100 },
        { kind: 'shorter', than: 1500 },
      ],
    ],
    ['>2min', [{ kind: 'longer', than: 120_000 }]],
    [
      'A-1013  "Zoë Müller"',
      [
        { kind: 'text', text: 'a-1013' },
        { kind: 'text', text: 'zoë müller' },
      ],
    ],
    ['"not closed', [{ kind: 'text', text: 'not closed' }]],
    ['>100x', [{ kind: 'text', text: '>100x' }]],
    ['service: > < ""', []],
    ['  ', []],
  ])('%s', (query, terms) => {
    expect(parseQuery(query)).toEqual(terms);
  });
});

describe('matches', () => {
  const run = { failed: true, services: ['payments'], duration: 250, text: 'charge a-1013' };

  test.each([
    ['', true],
    ['error', true],
    ['service:pay', true],
    ['service:ments', false],
    ['>249ms', true],
    ['>250ms', false],
    ['<251ms', true],
    ['a-10', true],
    ['a-10 error >1s', false],
  ])('%j: %s', (query, expected) => {
    expect(matches(parseQuery(query), run)).toBe(expected);
  });

  test('no duration matches a run that is not over', () => {
    const open = { failed: false, services: [], text: '' };
    expect(['>0ms', '<1s', 'error'].filter((query) => matches(parseQuery(query), open))).toEqual([]);
  });
});
