import { describe, expect, test } from 'vitest';
import { parsePatterns } from '../../src/policy/pattern-lists.ts';
import type { Patterns } from '../../src/policy/patterns.ts';
import { PeerPolicy } from '../../src/policy/peers.ts';

function peers(trust: string): PeerPolicy {
  const { patterns, warning } = parsePatterns(trust, 'internal', 'peers');
  expect(warning).toBeUndefined();
  return new PeerPolicy(patterns);
}

/** Counts how often the patterns themselves are asked. */
function countingPeers(trust: string): { policy: PeerPolicy; asked(): number } {
  const { patterns } = parsePatterns(trust, 'internal', 'peers');
  let count = 0;
  const counted: Patterns = {
    ...patterns,
    get includes() {
      count++;
      return patterns.includes;
    },
  };
  return { policy: new PeerPolicy(counted), asked: () => count };
}

const address = (i: number) => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;

describe('internal believes', () => {
  test.each([
    '127.0.0.1',
    '::1',
    '10.1.2.3',
    '192.168.0.7',
    '172.20.0.3',
    'fd12::1',
    'fe80::1%eth0',
    '::ffff:10.1.2.3',
    '::ffff:127.0.0.1',
  ])('%s', (from) => {
    expect(peers('internal').trusts(from, false)).toBe(true);
  });

  test.each(['8.8.8.8', '::ffff:8.8.8.8', '2001:db8::1', '172.32.0.1', '', 'nonsense:x', '10.0.0.1@8.8.8.8'])(
    'not %j',
    (from) => {
      expect(peers('internal').trusts(from, false)).toBe(false);
    },
  );

  test('a unix socket', () => {
    expect(peers('internal').trusts(undefined, true)).toBe(true);
  });

  test('not a connection that is gone', () => {
    expect(peers('internal').trusts(undefined, false)).toBe(false);
  });
});

describe('a list of peers', () => {
  test('of networks and addresses', () => {
    const policy = peers('203.0.113.0/24,2001:db8::7,!203.0.113.66');
    const believed = ['203.0.113.1', '::ffff:203.0.113.9', '2001:db8::7', '2001:DB8:0::7'];
    for (const from of believed) expect(policy.trusts(from, false), from).toBe(true);
    const others = ['203.0.113.66', '::ffff:203.0.113.66', '203.0.114.1', '2001:db8::8', '127.0.0.1'];
    for (const from of others) expect(policy.trusts(from, false), from).toBe(false);
    expect(policy.trusts(undefined, true)).toBe(false);
  });

  test('* trusts every peer and none trusts no peer, including unix sockets', () => {
    for (const [from, local] of [
      ['8.8.8.8', false],
      ['::1', false],
      [undefined, true],
    ] as const) {
      expect(peers('*').trusts(from, local)).toBe(true);
      expect(peers('none').trusts(from, local)).toBe(false);
    }
  });

  test('an exception holds for a mapped address and for one with a zone', () => {
    expect(peers('!10.0.0.5').trusts('::ffff:10.0.0.5', false)).toBe(false);
    expect(peers('!10.0.0.5').trusts('10.0.0.6', false)).toBe(true);
    expect(peers('!fe80::5').trusts('fe80::5%eth0', false)).toBe(false);
  });

  test('an exception with a port is invalid, so no peer is trusted', () => {
    const { patterns, warning } = parsePatterns('!10.0.0.5:8080', 'internal', 'peers');
    expect(warning).toBe('"!10.0.0.5:8080" names no peer, which is an address without a port; none is used');
    expect(new PeerPolicy(patterns).trusts('10.0.0.6', false)).toBe(false);
  });

  test('an unknown peer counts as excepted', () => {
    expect(peers('*,!203.0.113.66').trusts(undefined, false)).toBe(false);
    expect(peers('*,!internal').trusts(undefined, false)).toBe(false);
  });
});

describe('a decision', () => {
  test('is remembered', () => {
    const { policy, asked } = countingPeers('internal');
    for (let i = 0; i < 100; i++) policy.trusts('10.0.0.1', false);
    expect(asked()).toBe(1);
  });

  test('does not pass from a unix socket to a connection that is gone, nor back', () => {
    const policy = peers('internal');
    expect([policy.trusts(undefined, true), policy.trusts(undefined, false)]).toEqual([true, false]);
    expect([policy.trusts(undefined, true), policy.trusts(undefined, false)]).toEqual([true, false]);
  });

  test('is forgotten after a thousand others: no peer can fill the memory', () => {
    const { policy, asked } = countingPeers('internal');
    for (let i = 0; i < 5000; i++) policy.trusts(address(i), false);
    expect(asked()).toBe(5000);
    let remembered = 0;
    for (let i = 0; i < 5000; i++) {
      const before = asked();
      // Backwards, newest first, and each once: what is asked anew was forgotten.
      policy.trusts(address(4999 - i), false);
      if (asked() === before) remembered++;
    }
    expect(remembered).toBeGreaterThan(0);
    expect(remembered).toBeLessThanOrEqual(1000);
  });

  test('is right before and after it was forgotten', () => {
    const policy = peers('internal');
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 700; i++) {
        expect(policy.trusts(address(i), false)).toBe(true);
        expect(policy.trusts(`8.8.${i >> 8}.${i & 255}`, false)).toBe(false);
      }
    }
  });
});
