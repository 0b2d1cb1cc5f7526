import { describe, expect, test } from 'vitest';
import { hopTo, skewOf, skewsBetween } from '../../../src/collector/page/model/hop.ts';
import { buildTree, visibleNodes } from '../../../src/collector/page/model/tree.ts';
import type { RunSummary } from '../../../src/collector/page/model/wire.ts';
import { runSummary, START } from './support.ts';

const GATEWAY = { service: 'gateway' };
const STOCK = { service: 'stock' };

function nodeOf(id: string, runs: readonly RunSummary[]) {
  const node = buildTree(runs).byId.get(id);
  if (!node) throw new Error(`no ${id}`);
  return node;
}

/** A caller of the gateway from 0 to 100, and `stock` below it. */
function call(times: readonly [number, number?], more: Partial<RunSummary> = {}, ...others: RunSummary[]) {
  const runs = [
    runSummary('caller', undefined, [0, 100], GATEWAY),
    runSummary('called', 'caller', times, { ...STOCK, ...more }),
    ...others,
  ];
  return nodeOf('called', runs);
}

describe('hopTo', () => {
  test('reaches to the ends of the caller’s run', () => {
    const hop = hopTo(call([30, 80]));
    expect(hop).toEqual({ from: 'gateway', to: 'stock', leftAt: START, backAt: START + 100 });
  });

  test('reaches to the siblings before and after, not to those at the same time', () => {
    const siblings = [
      runSummary('before', 'caller', [5, 20], GATEWAY),
      runSummary('beside', 'caller', [25, 85], GATEWAY),
      runSummary('after', 'caller', [90, 95], GATEWAY),
    ];
    expect(hopTo(call([30, 80], {}, ...siblings))).toMatchObject({ leftAt: START + 20, backAt: START + 90 });
  });

  test('has no way back while the run is not over', () => {
    expect(hopTo(call([30]))).toEqual({ from: 'gateway', to: 'stock', leftAt: START });
  });

  test('there is none within a service, at the root, without a service’s name, or if the caller has not arrived', () => {
    expect(hopTo(call([30, 80], GATEWAY))).toBeUndefined();
    expect(hopTo(nodeOf('root', [runSummary('root', undefined, [0, 1], GATEWAY)]))).toBeUndefined();
    const nameless = [runSummary('a', undefined, [0, 9]), runSummary('b', 'a', [1, 2], STOCK)];
    expect(hopTo(nodeOf('b', nameless))).toBeUndefined();
    expect(hopTo(nodeOf('b', [runSummary('b', 'unseen', [0, 1], STOCK)]))).toBeUndefined();
  });
});

describe('skewOf', () => {
  test.each([
    ['a start before the caller’s', [-12, 50], {}, { kind: 'early', by: 12 }],
    ['an end after the caller’s', [20, 130], {}, { kind: 'late', by: 30 }],
    ['a start that the agent has raised', [0, 50], { startRaised: true }, { kind: 'raised', by: 0 }],
  ] as const)('finds %s', (_, times, more, expected) => {
    const node = call(times, more);
    expect(skewOf(node)).toEqual(expected);
    expect(hopTo(node)?.skew).toEqual(expected);
  });

  test('finds nothing in a run within its caller’s, or of the same service', () => {
    expect(skewOf(call([0, 100]))).toBeUndefined();
    expect(skewOf(call([-12, 130], GATEWAY))).toBeUndefined();
  });

  test('skewsBetween names each pair of services once, with the largest difference', () => {
    const runs = [
      runSummary('caller', undefined, [0, 100], GATEWAY),
      runSummary('a', 'caller', [-5, 50], STOCK),
      runSummary('b', 'caller', [-9, 50], STOCK),
      runSummary('c', 'caller', [-7, 50], STOCK),
      runSummary('d', 'caller', [10, 101], { service: 'mail' }),
    ];
    expect(skewsBetween(visibleNodes(buildTree(runs), new Set()))).toEqual([
      { from: 'gateway', to: 'stock', skew: { kind: 'early', by: 9 } },
      { from: 'gateway', to: 'mail', skew: { kind: 'late', by: 1 } },
    ]);
  });
});
