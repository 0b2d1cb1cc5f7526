/** Compares versions as https://semver.org/#spec-item-11 defines it. */

const VERSION = /^(\d+)\.(\d+)\.(\d+)(?:-([\w.-]+))?(?:\+[\w.-]+)?$/;

/** Whether `a` is newer than `b`. `false` if either is not a valid version. */
export function isNewer(a: string, b: string): boolean {
  const [one, other] = [VERSION.exec(a), VERSION.exec(b)];
  if (one === null || other === null) return false;
  for (let part = 1; part <= 3; part++) {
    const difference = Number(one[part]) - Number(other[part]);
    if (difference !== 0) return difference > 0;
  }
  // A release is newer than its prereleases.
  if (one[4] === undefined || other[4] === undefined) return one[4] === undefined && other[4] !== undefined;
  return comparePrereleases(one[4].split('.'), other[4].split('.')) > 0;
}

function comparePrereleases(one: readonly string[], other: readonly string[]): number {
  for (let index = 0; index < Math.min(one.length, other.length); index++) {
    const difference = compareIdentifiers(one[index] as string, other[index] as string);
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}

/** Numbers are compared numerically and precede other identifiers, which are compared by their characters. */
function compareIdentifiers(one: string, other: string): number {
  const [isNumber, isOtherNumber] = [/^\d+$/.test(one), /^\d+$/.test(other)];
  if (isNumber && isOtherNumber) return Number(one) - Number(other);
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
  return one === other ? 0 : one > other ? 1 : -1;
}
