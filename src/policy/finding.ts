/** The grant of a destination and the reason for it. */
import type { Grant } from './destinations.ts';

export type Why = 'granted' | 'external' | 'excepted' | 'notIncluded' | 'langSmith' | 'unknown';

export interface Finding {
  readonly grant: Grant;
  readonly why: Why;
  /** The host that the decision was made on: the destination, its proxy, or another name of it. */
  readonly host: string;
  /** The list in force, or the exception (`!pattern`) that applies. */
  readonly by: string | undefined;
}

/** Returns the finding that gives less; the first one if both give the same. */
export function lower(one: Finding, other: Finding): Finding {
  return other.grant < one.grant ? other : one;
}
