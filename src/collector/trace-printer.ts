import { formatTrace } from './format-trace.ts';
import { printable } from './terminal-text.ts';
import type { CollectedRun, Refusal } from './types.ts';

/** The SDK sends runs in batches every 250 ms, so a service that has just ended its run may still be sending. */
const QUIET_MS = 1000;
/** For a trace whose root has not arrived. Its service may send to another server, or not at all. */
const QUIET_WITHOUT_ROOT_MS = 5000;

export interface TracePrinter {
  /** Call it when runs of these traces have arrived or changed. */
  changed(traceIds: readonly string[]): void;
  /** Call it when these traces were removed to make room. */
  dropped(traceIds: readonly string[]): void;
  refused(refusal: Refusal): void;
  /** Prints the traces that have changed since they were last printed, complete or not, and stops. */
  end(): void;
}

/**
 * Prints a trace once its root has ended and no run of it has arrived for a second, and again after later changes.
 *
 * @param runsOf the runs of a trace
 * @param print prints one text with a line break after it
 */
export function createTracePrinter(
  runsOf: (traceId: string) => CollectedRun[],
  print: (text: string) => void,
): TracePrinter {
  let hasSaidDropped = false;
  const pending = new Map<string, { timer: NodeJS.Timeout; delay: number }>();

  const printTrace = (traceId: string) => {
    clearTimeout(pending.get(traceId)?.timer);
    pending.delete(traceId);
    const runs = runsOf(traceId);
    if (runs.length > 0) print(`${formatTrace(runs, traceId)}\n`);
  };

  const check = (traceId: string) => {
    const trace = runsOf(traceId);
    const root = trace.find((run) => run.parentRunId === undefined);
    const waited = pending.get(traceId)?.delay ?? 0;
    if (root ? root.endTime !== undefined : trace.length > 0 && waited > QUIET_MS) printTrace(traceId);
    else if (!root && waited === QUIET_MS) schedule(traceId, QUIET_WITHOUT_ROOT_MS);
    else if (trace.length === 0) pending.delete(traceId);
  };

  const schedule = (traceId: string, delay: number) => {
    clearTimeout(pending.get(traceId)?.timer);
    pending.set(traceId, { timer: setTimeout(check, delay, traceId), delay });
  };

  return {
    changed: (traceIds) => {
      for (const traceId of traceIds) schedule(traceId, QUIET_MS);
    },
    dropped: (traceIds) => {
      for (const traceId of traceIds) {
        clearTimeout(pending.get(traceId)?.timer);
        pending.delete(traceId);
      }
      if (!hasSaidDropped) {
        print(
          'There is no room for more runs: from now on the oldest traces are forgotten (--max-memory).\n',
        );
      }
      hasSaidDropped = true;
    },
    refused: ({ service, name, reason }) => {
      const words = ['refused', service && `[${service}]`, name && JSON.stringify(name), reason];
      print(printable(words.filter(Boolean).join(' ')));
    },
    end: () => {
      for (const traceId of [...pending.keys()]) printTrace(traceId);
    },
  };
}
