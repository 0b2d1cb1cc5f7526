import type { ClockSkew } from '../model/hop.ts';
import { formatDuration } from '../model/time-scale.ts';

/** Describes the clock skew between two services. The bars are drawn with the times that the services reported. */
export function describeSkew(from: string, to: string, { kind, by }: ClockSkew): string {
  switch (kind) {
    case 'early':
      return `The clock of ${to} is at least ${formatDuration(by)} behind that of its caller ${from}.`;
    case 'raised':
      return `The clock of ${to} is behind that of its caller ${from}: the agent moved the start to the caller’s.`;
    case 'late':
      return `${to} ends up to ${formatDuration(by)} after its caller ${from}: its clock is ahead, or ${from} did not wait.`;
  }
}
