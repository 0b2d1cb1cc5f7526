import { describe, expect, it } from 'vitest';
import { isNewer } from '../src/semantic-version.ts';

/** Each is newer than the one before it; the middle is the example of https://semver.org/#spec-item-11. */
const ASCENDING = [
  '0.0.9',
  '0.0.10',
  '0.9.0',
  '1.0.0-alpha',
  '1.0.0-alpha.1',
  '1.0.0-alpha.beta',
  '1.0.0-beta',
  '1.0.0-beta.2',
  '1.0.0-beta.11',
  '1.0.0-rc.1',
  '1.0.0',
  '1.0.1-0',
  '1.0.1',
  '2.0.0',
  '10.0.0',
];

describe('isNewer', () => {
  it.each(ASCENDING.map((version, index) => [version, index] as const))('%s', (version, index) => {
    expect(ASCENDING.filter((other) => isNewer(other, version))).toEqual(ASCENDING.slice(index + 1));
  });

  it('ignores build metadata', () => {
    expect(isNewer('1.0.0+2', '1.0.0+1')).toBe(false);
    expect(isNewer('1.0.1+1', '1.0.0+2')).toBe(true);
  });

  it.each(['', 'latest', '2', '2.0', 'v2.0.0', '2.0.0.0', 'undefined', 'development'])(
    '%j is no version, and newer than none, nor is one newer than it',
    (version) => {
      expect(isNewer(version, '1.0.0')).toBe(false);
      expect(isNewer('1.0.0', version)).toBe(false);
    },
  );
});
