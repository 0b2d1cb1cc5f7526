/** What the machine does beside the bench. */
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

/** The unit of /proc/stat: 100 in a second on every Linux that Node runs on. */
const MILLISECONDS_PER_TICK = 10;
/** user, nice, system, irq, softirq, steal: without idle, iowait, and guests, which are in user already. */
const BUSY = [0, 1, 2, 5, 6, 7];

/** Milliseconds of CPU that all processes together have used since the machine started. */
export function busyMilliseconds() {
  const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0];
  const ticks = line.trim().split(/\s+/).slice(1).map(Number);
  return BUSY.reduce((sum, i) => sum + ticks[i], 0) * MILLISECONDS_PER_TICK;
}

export function describeMachine() {
  const models = new Set(cpus().map(({ model }) => model.trim()));
  return {
    cpu: `${cpus().length} x ${[...models].join(', ')}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  };
}
