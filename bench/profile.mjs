/**
 * A CPU profile of a service under the agent that relays through http: what share of its time is the agent's own.
 *
 *   npm run bench:profile -- --node 24 --requests 60000 --top 20
 *
 * Writes relay.cpuprofile, which developer tools open, into .cache/bench/results.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { installNodes, binary as nodeBinary, root } from '../scripts/nodes.mjs';
import { startFleet } from './fleet.mjs';
import { times } from './load.mjs';
import { reasonNotToMeasure } from './machine.mjs';
import { table } from './markdown.mjs';
import { pinDriver } from './node-process.mjs';
import { selfTimes } from './self-times.mjs';
import { named, SERVERS } from './variants.mjs';

/** Of the time in which the server does anything. */
const BUDGET = 0.03;
const AGENT_FILE = 'register.cjs';
const WARM_UP = { requests: 8_000, milliseconds: 8_000 };

const { values } = parseArgs({
  options: {
    node: { type: 'string', default: '24' },
    requests: { type: 'string', default: '60000' },
    top: { type: 'string', default: '20' },
    variant: { type: 'string', default: 'agent, relay' },
  },
});
const reason = reasonNotToMeasure() ?? installNodes([values.node]);
if (reason !== undefined) throw new Error(reason);

const [variant] = named(SERVERS, values.variant);
const fleet = await startFleet(nodeBinary(values.node), [variant], { clients: ['http'] });
pinDriver(true);
const { server, load } = await fleet.entry(variant, '/http', { warmUp: WARM_UP });
await server.ask('startProfile');
await load.send(times(Number(values.requests)));
const profile = await server.ask('stopProfile');
await fleet.stop();

const directory = join(root, '.cache', 'bench', 'results');
mkdirSync(directory, { recursive: true });
writeFileSync(join(directory, 'relay.cpuprofile'), JSON.stringify(profile));
report(selfTimes(profile, AGENT_FILE));

function report({ busy, share, frames }) {
  const percent = (part) => `${(part * 100).toFixed(2)} %`;
  const shown = (list) => list.map(({ name, where, time }) => [percent(time / busy), name, where]);
  const ours = frames.filter(({ isOurs }) => isOurs);
  if (ours.length === 0) process.exitCode = 1;
  const verdict = ours.length === 0 ? 'not measured: there are none' : share < BUDGET ? 'met' : 'NOT MET';
  const perRequest = (busy / Number(values.requests)).toFixed(1);
  console.log(`Node ${values.node}, ${variant.label}, ${values.requests} requests through http
${perRequest} microseconds of the main thread a request, of which in frames of ${AGENT_FILE}: ${percent(share)}
budget ${percent(BUDGET)}: ${verdict}

The agent's own frames:

${table(['self time', 'function', 'at'], shown(ours.slice(0, Number(values.top))))}

All frames:

${table(['self time', 'function', 'at'], shown(frames.slice(0, Number(values.top))))}`);
}
