import type { RunSummary } from '../../../src/collector/page/model/wire.ts';

export const START = Date.UTC(2026, 0, 31, 12);

/** A run from `start` to `end`, in milliseconds after START. It is not over where `end` is left out. */
export function runSummary(
  id: string,
  parentRunId: string | undefined,
  [start, end]: readonly [start: number, end?: number],
  more: Partial<RunSummary> = {},
): RunSummary {
  return {
    id,
    ...(parentRunId !== undefined && { parentRunId }),
    name: id,
    runType: 'chain',
    startTime: START + start,
    ...(end !== undefined && { endTime: START + end }),
    startRaised: false,
    text: id,
    ...more,
  };
}
