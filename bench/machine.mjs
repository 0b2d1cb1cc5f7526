/** Reads what the machine does beside the bench. */
import { existsSync, readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { describeMissing, missingTools } from '../scripts/tools.mjs';

/** The unit of /proc/stat: 100 in a second on every Linux that Node runs on. */
const MILLISECONDS_PER_TICK = 10;
/** user, nice, system, irq, softirq, steal: without idle, iowait, and guests, which are in user already. */
const BUSY = [0, 1, 2, 5, 6, 7];

/** Returns the CPU time in milliseconds that all processes together have used since the machine started. */
export function busyMilliseconds() {
  const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0];
  const ticks = line.trim().split(/\s+/).slice(1).map(Number);
  return BUSY.reduce((sum, i) => sum + ticks[i], 0) * MILLISECONDS_PER_TICK;
}

/** Returns the reason why this machine cannot measure, if there is one. */
export function reasonNotToMeasure() {
  if (!existsSync('/proc/self/schedstat')) return 'the bench needs Linux, whose kernel counts CPU in /proc';
  if (missingTools(['taskset']).length > 0) return describeMissing('taskset');
  if (allowedCores().length < 2)
    return 'the bench needs two cores: one for the server, one for what drives it';
  return undefined;
}

/**
 * Returns the cores on which this process may run at its start. A container may have only some of the machine's
 * cores.
 */
export function allowedCores() {
  const list = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1];
  return list.split(',').flatMap((range) => {
    const [from, to = from] = range.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}

export function describeMachine() {
  const models = new Set(cpus().map(({ model }) => model.trim()));
  return {
    cpu: `${cpus().length} x ${[...models].join(', ')}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  };
}
