/** Measures whether and how the agent's cost grows with its input. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../scripts/nodes.mjs';
import { startFleet } from './fleet.mjs';
import { rounded } from './hop.mjs';
import { openLoad, times } from './load.mjs';
import { pinDriver } from './node-process.mjs';
import { requestWriter } from './requests.mjs';
import { measureRounds, orderOf } from './rounds.mjs';
import { measureStartup } from './startup.mjs';
import { BASELINE, named, SERVERS } from './variants.mjs';

const CLIENT = 'http';
const PATH = `/${CLIENT}`;
/** The header limit that the largest metadata needs. */
const LARGE_HEADERS = ['--max-http-header-size=1048576'];

const RELAYS = named(SERVERS, 'floor', 'agent, relay');
const [RUNS, AGENT_RUNS] = named(SERVERS, 'runs', 'agent, runs');
const NO_TRACE = named(SERVERS, 'agent, no trace');

/** The dimensions that are varied: the requests at each point, the measured variants, and their baseline. */
const SCALES = {
  depth: { request: (depth) => ({ request: { depth } }), baseline: BASELINE, variants: RELAYS },
  'metadata of the caller': {
    request: (metadata) => ({ request: { metadata } }),
    baseline: BASELINE,
    variants: RELAYS,
  },
  'metadata of a run': {
    path: (metadata) => `${PATH}?metadata=${metadata}`,
    request: () => ({}),
    baseline: RUNS,
    variants: [AGENT_RUNS],
  },
  'concurrent contexts': {
    request: (contexts) => ({ load: connectionsFor(contexts) }),
    baseline: BASELINE,
    variants: RELAYS,
  },
};

/** Concurrent requests share connections, because the server processes all pipelined requests at once. */
function connectionsFor(contexts) {
  const connections = Math.min(contexts, 100);
  return { connections, pipelined: Math.ceil(contexts / connections) };
}

/**
 * @param {object} node `{major, binary}`
 * @param {object} plan `points` by scale, `rounds`, `milliseconds`, `warmUp`, `served` requests, `modules`,
 *   `moduleGenerations` of processes and `moduleRounds` of each, `starts`
 * @returns by scale, point and variant: `{cpu, ratio}`; for the requests served, the heap after each number
 */
export async function measureGrowth(node, plan, progress) {
  const variants = [BASELINE, ...RELAYS, RUNS, AGENT_RUNS];
  progress.say(`Node ${node.major}: growth, servers start`);
  const fleet = await startFleet(node.binary, variants, { clients: [CLIENT], nodeOptions: LARGE_HEADERS });
  const result = {};
  pinDriver(true);
  try {
    for (const [scale, points] of Object.entries(plan.points)) {
      result[scale] = await measureScale(fleet, scale, points, plan, progress, node);
    }
  } finally {
    pinDriver(false);
    await fleet.stop();
  }
  result['requests served'] = await measureServed(node, plan, progress);
  result['modules loaded'] = await measureModules(node, plan, progress);
  return result;
}

async function measureScale(fleet, scale, points, plan, progress, node) {
  const { baseline, variants, request, path = () => PATH } = SCALES[scale];
  const result = {};
  progress.expect(points.length * plan.rounds);
  for (const point of points) {
    progress.say(`Node ${node.major}: growth, ${scale}: ${point}`);
    const entry = (variant) => fleet.entry(variant, path(point), { warmUp: plan.warmUp, ...request(point) });
    const group = { name: baseline.name, baselines: [await entry(baseline)], entries: [] };
    for (const variant of variants) group.entries.push(await entry(variant));
    const samples = await measureRounds({ ...plan, groups: [group], onRound: progress.step });
    result[point] = seriesOf(samples);
    fleet.closeLoads();
  }
  return result;
}

function seriesOf(samples) {
  const series = Object.entries(samples).map(([name, taken]) => {
    const list = (key) => [taken.map((sample) => rounded(sample[key])).filter(Number.isFinite)];
    return [name, { cpu: list('cpu'), ratio: list('ratio') }];
  });
  return Object.fromEntries(series);
}

/** Measures the heap after garbage collection, after each number of requests. Each request has its own trace. */
async function measureServed(node, plan, progress) {
  const variants = [BASELINE, ...named(SERVERS, 'agent, relay'), ...NO_TRACE];
  const result = {};
  progress.expect(variants.length * plan.served.length);
  for (const variant of variants) {
    progress.say(`Node ${node.major}: growth, ${plan.served.at(-1)} requests served by ${variant.label}`);
    const fleet = await startFleet(node.binary, [variant], { clients: [CLIENT] });
    pinDriver(true);
    try {
      const server = fleet.servers.get(variant.name);
      let served = 0;
      for (const point of plan.served) {
        const load = await openLoad(server.url, requestWriter(PATH, variant));
        await load.send(times(point - served));
        served = point;
        load.close();
        result[point] ??= {};
        result[point][variant.name] = { heap: await server.ask('heap') };
        progress.step();
      }
    } finally {
      pinDriver(false);
      await fleet.stop();
    }
  }
  return result;
}

/**
 * Measures start-up and a hop, with and without many modules that the application has loaded. Each is measured in
 * several processes in turn, because two processes of the same program differ by more than the modules do.
 */
async function measureModules(node, plan, progress) {
  const directory = join(root, '.cache', 'bench', 'modules');
  const options = new Map(
    plan.modules.map((count) => [count, ['--require', writeModules(directory, count)]]),
  );
  const result = {};
  for (const [count, nodeOptions] of options) {
    const { empty } = await measureStartup(
      node,
      { apps: ['empty'], starts: plan.starts, nodeOptions, variants: ['agent, require'] },
      progress,
    );
    result[count] = { startup: empty, hop: {} };
  }
  progress.expect(plan.moduleGenerations * plan.modules.length * plan.moduleRounds);
  for (let generation = 0; generation < plan.moduleGenerations; generation++) {
    for (const count of orderOf(plan.modules, generation)) {
      progress.say(`Node ${node.major}: growth, a hop with ${count} modules`);
      const { hop } = result[count];
      const taken = await measureHop(node, plan, options.get(count), progress);
      for (const [name, { cpu, ratio }] of Object.entries(taken)) {
        hop[name] ??= { cpu: [], ratio: [] };
        hop[name].cpu.push(...cpu);
        hop[name].ratio.push(...ratio);
      }
    }
  }
  return result;
}

async function measureHop(node, plan, nodeOptions, progress) {
  const fleet = await startFleet(node.binary, [BASELINE, ...RELAYS], { clients: [CLIENT], nodeOptions });
  pinDriver(true);
  try {
    const baselines = [await fleet.entry(BASELINE, PATH, plan)];
    const entries = [];
    for (const variant of RELAYS) entries.push(await fleet.entry(variant, PATH, plan));
    const groups = [{ name: BASELINE.name, baselines, entries }];
    return seriesOf(
      await measureRounds({ ...plan, rounds: plan.moduleRounds, groups, onRound: progress.step }),
    );
  } finally {
    pinDriver(false);
    await fleet.stop();
  }
}

function writeModules(directory, count) {
  mkdirSync(directory, { recursive: true });
  const index = join(directory, `${count}.cjs`);
  let all = '';
  for (let i = 0; i < count; i++) {
    writeFileSync(join(directory, `module-${i}.cjs`), `exports.answer = () => ${i};\n`);
    all += `require('./module-${i}.cjs');\n`;
  }
  writeFileSync(index, all);
  return index;
}
