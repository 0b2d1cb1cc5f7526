/**
 * Compares two builds of the agent in one run, in turn: the CPU of a relayed request and of start-up.
 *
 *   npm run bench:compare -- --with ../before/dist                          on Node 20 and 24, through http
 *   npm run bench:compare -- --with ../before/dist --node 24 --clients http,https,fetch --rounds 40
 *
 * A ratio below 1 means that this build is cheaper than the other one. The interval is that of the median, at 95 %.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readArguments, readCount, readList, refuseArguments } from '../scripts/arguments.mjs';
import { installNodes, binary as nodeBinary, root, SUPPORTED } from '../scripts/nodes.mjs';
import { endWith } from '../scripts/tools.mjs';
import { measureBurst } from './burst.mjs';
import { startFleet } from './fleet.mjs';
import { reasonNotToMeasure } from './machine.mjs';
import { table } from './markdown.mjs';
import { app, pinDriver, runToEnd } from './node-process.mjs';
import { pairedRatios, summarize } from './statistics.mjs';
import { environment, named, SERVERS } from './variants.mjs';

const WARM_UP = { requests: 20_000, milliseconds: 6_000 };

const COUNTS = { generations: '3', rounds: '20', starts: '20', milliseconds: '100' };

const { values } = readArguments('bench:compare', {
  with: { type: 'string' },
  node: { type: 'string', default: '20,24' },
  clients: { type: 'string', default: 'http' },
  ...Object.fromEntries(
    Object.entries(COUNTS).map(([name, value]) => [name, { type: 'string', default: value }]),
  ),
});
for (const name of Object.keys(COUNTS)) readCount('bench:compare', name, values[name]);
const majors = readList('bench:compare', values.node, Object.keys(SUPPORTED));
const other = join(resolve(values.with ?? '.'), 'register.cjs');
if (values.with === undefined || !existsSync(other)) {
  const why = `--with must name a folder that has register.cjs of another build; ${other} is not there`;
  refuseArguments('bench:compare', why);
}
const reason = reasonNotToMeasure() ?? installNodes(majors);
if (reason !== undefined) endWith('bench:compare', reason);

const [relay] = named(SERVERS, 'agent, relay');
const variantOf = (name, file) => ({
  ...relay,
  name,
  label: name,
  preload: ['--require', file],
  beside: undefined,
});
const variants = [variantOf('this', join(root, 'dist', 'register.cjs')), variantOf('other', other)];
const rows = [];
for (const major of majors) {
  for (const client of values.clients.split(','))
    rows.push([`Node ${major}, ${client}`, ...(await relayed(major, client))]);
  rows.push([`Node ${major}, start-up`, ...(await started(major))]);
}
console.log(table(['', 'this build', 'the other', 'ratio', '95 %'], rows));

/** Measures the CPU of the server for each request, in microseconds. */
async function relayed(major, client) {
  const samples = { this: [], other: [] };
  for (let generation = 0; generation < Number(values.generations); generation++) {
    const fleet = await startFleet(nodeBinary(major), variants, {
      clients: client === 'none' ? ['http'] : [client],
    });
    pinDriver(true);
    try {
      const entries = [];
      for (const variant of variants)
        entries.push(await fleet.entry(variant, `/${client}`, { warmUp: WARM_UP }));
      for (const { name } of entries) samples[name][generation] = [];
      for (let round = 0; round < Number(values.rounds); round++) {
        for (const { name, server, load } of round % 2 === 0 ? entries : entries.toReversed()) {
          const plan = { milliseconds: Number(values.milliseconds), retakes: 1 };
          samples[name][generation].push((await measureBurst(server, load, plan)).cpu);
        }
      }
    } finally {
      pinDriver(false);
      await fleet.stop();
    }
  }
  return compared(samples, (microseconds) => `${microseconds.toFixed(1)} µs`);
}

/** Measures the CPU of a process with an empty program, in milliseconds. */
async function started(major) {
  const samples = { this: [[]], other: [[]] };
  for (let i = 0; i < Number(values.starts); i++) {
    for (const variant of i % 2 === 0 ? variants : variants.toReversed()) {
      const { text } = await runToEnd(
        nodeBinary(major),
        [...variant.preload, app('empty')],
        environment(variant),
      );
      samples[variant.name][0].push(JSON.parse(text).cpu / 1000);
    }
  }
  return compared(samples, (milliseconds) => `${milliseconds.toFixed(1)} ms`);
}

function compared(samples, format) {
  const ratio = summarize(pairedRatios(samples.this, samples.other));
  return [
    format(summarize(samples.this).median),
    format(summarize(samples.other).median),
    ratio.median.toFixed(3),
    `${ratio.low.toFixed(3)} to ${ratio.high.toFixed(3)}`,
  ];
}
