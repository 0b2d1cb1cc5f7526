/**
 * Takes CPU profiles of a relaying service with the agent, and computes the share of its time that the agent takes.
 *
 *   npm run bench:profile                                        through each client, on Node 24
 *   npm run bench:profile -- --node 20 --clients http --top 20
 *   npm run bench:profile -- --clients none                      it only answers
 *
 * Profiles differ by more than half a percent, so several are taken of each client, in turn, and the median counts. The
 * last one is written as relay-<client>.cpuprofile, which developer tools open, into .cache/bench/results.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readArguments, readCount, readList, refuseArguments } from '../scripts/arguments.mjs';
import { installNodes, binary as nodeBinary, root, SUPPORTED } from '../scripts/nodes.mjs';
import { endWith } from '../scripts/tools.mjs';
import { startFleet } from './fleet.mjs';
import { times } from './load.mjs';
import { reasonNotToMeasure } from './machine.mjs';
import { table } from './markdown.mjs';
import { pinDriver } from './node-process.mjs';
import { selfTimes } from './self-times.mjs';
import { median } from './statistics.mjs';
import { SERVERS } from './variants.mjs';

/** The share of the server's busy time that the agent may take. */
const BUDGET = 0.03;
/** The preload, and the code that it compiles itself (scripts/build.mjs, src/instrumentation/fields.ts). */
const AGENT_FILES = ['register.cjs', 'trace-agent:core', 'trace-agent:fields'];
/** V8 recompiles the functions of a request until the server has served twenty thousand requests (Node 24). */
const WARM_UP = { requests: 60_000, milliseconds: 60_000 };

const CLIENTS = ['http', 'fetch', 'undici', 'axios', 'got'];

const { values } = readArguments('bench:profile', {
  node: { type: 'string', default: '24' },
  clients: { type: 'string', default: CLIENTS.join(',') },
  requests: { type: 'string', default: '50000' },
  rounds: { type: 'string', default: '3' },
  top: { type: 'string', default: '10' },
  variant: { type: 'string', default: 'agent, relay' },
});
for (const option of ['requests', 'rounds', 'top']) readCount('bench:profile', option, values[option]);
readList('bench:profile', values.node, Object.keys(SUPPORTED));
const clients = readList('bench:profile', values.clients, [...CLIENTS, 'none']);
const variant = SERVERS.find(({ name }) => name === values.variant);
if (variant === undefined) refuseArguments('bench:profile', `--variant ${values.variant} is not known`);
const reason = reasonNotToMeasure() ?? installNodes([values.node]);
if (reason !== undefined) endWith('bench:profile', reason);

const directory = join(root, '.cache', 'bench', 'results');
mkdirSync(directory, { recursive: true });
const counts = `${values.rounds} times ${values.requests} requests through each client`;
console.log(`Node ${values.node}, ${variant.label}, ${counts}\n`);
const taken = new Map(clients.map((client) => [client, []]));
for (let round = 0; round < Number(values.rounds); round++) {
  for (const client of clients) {
    const profile = await takeProfile(client);
    writeFileSync(join(directory, `relay-${client}.cpuprofile`), JSON.stringify(profile));
    taken.get(client).push(selfTimes(profile, AGENT_FILES));
  }
}
const rows = clients.map((client) => report(client, taken.get(client)));
const header = [
  '',
  'main thread, microseconds a request',
  `in the agent's frames`,
  'from, to',
  `${percent(BUDGET)} at most`,
];
console.log(table(header, rows));

async function takeProfile(client) {
  const clients = client === 'none' ? ['http'] : [client];
  const fleet = await startFleet(nodeBinary(values.node), [variant], { clients });
  pinDriver(true);
  try {
    const { server, load } = await fleet.entry(variant, `/${client}`, { warmUp: WARM_UP });
    await server.ask('startProfile');
    await load.send(times(Number(values.requests)));
    return await server.ask('stopProfile');
  } finally {
    pinDriver(false);
    await fleet.stop();
  }
}

/** Prints the median share, and the functions of the last profile. */
function report(client, all) {
  const { busy, frames } = all.at(-1);
  const ours = frames.filter(({ isOurs }) => isOurs);
  if (ours.length === 0) process.exitCode = 1;
  const shares = all.map(({ share }) => share).sort((a, b) => a - b);
  const share = median(shares);
  const verdict = ours.length === 0 ? 'not measured: there are none' : share < BUDGET ? 'met' : 'NOT MET';
  const shown = (list) =>
    list.slice(0, Number(values.top)).map(({ name, where, time }) => [percent(time / busy), name, where]);
  console.log(`${client}: the agent's own frames, and all

${table(['self time', 'function', 'at'], shown(ours))}

${table(['self time', 'function', 'at'], shown(frames))}
`);
  const each = median(all.map((one) => one.busy)) / Number(values.requests);
  return [
    client,
    each.toFixed(1),
    percent(share),
    `${percent(shares[0])}, ${percent(shares.at(-1))}`,
    verdict,
  ];
}

function percent(part) {
  return `${(part * 100).toFixed(2)} %`;
}
