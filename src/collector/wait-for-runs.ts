import { formatTrace } from './format-trace.ts';
import { printable } from './terminal-text.ts';
import type { CollectedRun, Refusal } from './types.ts';

/** The number of traces shown in a timeout message. More of them do not help to find out why a test failed. */
const MAX_TRACES_SHOWN = 10;

interface Waiter {
  check(): void;
  fail(error: Error): void;
}

/** The state that a timeout message describes. */
export interface Situation {
  runs(): CollectedRun[];
  refused(): Refusal[];
  unposted(): number;
}

/** Keeps the pending calls of `waitForRuns`. */
export class Waiters {
  readonly #waiting = new Set<Waiter>();
  readonly #situation: Situation;

  constructor(situation: Situation) {
    this.#situation = situation;
  }

  wait(predicate: (runs: CollectedRun[]) => boolean, timeoutMs: number): Promise<CollectedRun[]> {
    return new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer);
        this.#waiting.delete(waiter);
      };
      const waiter: Waiter = {
        fail: (error) => {
          stop();
          reject(error);
        },
        check: () => {
          try {
            const runs = this.#situation.runs();
            if (!predicate(runs)) return;
            stop();
            resolve(runs);
          } catch (error) {
            waiter.fail(error instanceof Error ? error : new Error(String(error)));
          }
        },
      };
      const timer = setTimeout(
        () => waiter.fail(new Error(`waited ${timeoutMs} ms in vain: ${describe(this.#situation)}`)),
        timeoutMs,
      );
      this.#waiting.add(waiter);
      waiter.check();
    });
  }

  /** Call it when the runs have changed. */
  check(): void {
    for (const waiter of [...this.#waiting]) waiter.check();
  }

  /** Call it when no more runs will arrive. */
  failAll(reason: string): void {
    for (const waiter of [...this.#waiting]) {
      waiter.fail(new Error(`${reason}: ${describe(this.#situation)}`));
    }
  }
}

function describe(situation: Situation): string {
  const runs = situation.runs();
  const refused = situation.refused();
  const traceIds = [...new Set(runs.map((run) => run.traceId))];
  const lines = [`${runs.length} runs arrived, ${refused.length} refused`];
  if (situation.unposted() > 0) lines.push(`patched, but never posted: ${situation.unposted()}`);
  for (const traceId of traceIds.slice(0, MAX_TRACES_SHOWN)) lines.push(formatTrace(runs, traceId));
  if (traceIds.length > MAX_TRACES_SHOWN) lines.push(`and ${traceIds.length - MAX_TRACES_SHOWN} more traces`);
  for (const refusal of refused) lines.push(printable(`refused: ${refusal.name ?? ''} ${refusal.reason}`));
  return lines.join('\n');
}
