/** Measures the cases of a bundle, each by itself: `measure.mjs <bundle> <mitata> <groups>`. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { table } from '../markdown.mjs';

/** Small enough that the young generation of micro/main.mjs holds all allocations. */
const COUNTED_CALLS = 1_000;

const [bundle, mitata, only] = process.argv.slice(2);
const { createCases } = createRequire(import.meta.url)(bundle);
const { measure } = await import(pathToFileURL(mitata).href);
const groups = only === '' ? undefined : only.split(',');
const rows = [];
for (const { group, name, call, before, around = (fn) => fn() } of createCases()) {
  before?.();
  if (groups !== undefined && !groups.includes(group)) continue;
  process.stderr.write(`${group}: ${name}\n`);
  const { p25, p50, p75 } = await around(() => measure(call, { gc: globalThis.gc }));
  const bytes = around(() => allocated(call));
  rows.push([group, name, time(p50), `${time(p25)} to ${time(p75)}`, bytes]);
}
console.log(`Node ${process.versions.node}; nanoseconds a call\n`);
console.log(table(['', '', 'median', 'quartiles', 'bytes allocated'], rows));

/** Returns the bytes that one call allocates on the heap, including garbage. */
function allocated(call) {
  globalThis.gc();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < COUNTED_CALLS; i++) call();
  return Math.max(0, Math.round((process.memoryUsage().heapUsed - before) / COUNTED_CALLS));
}

function time(nanoseconds) {
  return nanoseconds.toFixed(nanoseconds < 100 ? 1 : 0);
}
