/** Measures the cost of starting a process: all variants in turn, with a bare process before and after each. */
import { startFleet } from './fleet.mjs';
import { app, runToEnd } from './node-process.mjs';
import { orderOf } from './rounds.mjs';
import { startUpstream } from './upstream.mjs';
import { BASELINE, environment, STARTS } from './variants.mjs';

const MEASURED = ['cpu', 'wall', 'rss', 'threads'];

/**
 * @param {object} node `{major, binary}`
 * @param {object} plan `apps` by name, `starts` of each variant (peers take part in some only), `variants` by name,
 *   `nodeOptions`
 * @returns by app and variant: `{cpu, wall, rss, threads}` in ms, ms, bytes and a count, each `{value, over}`: the
 *   samples, and their differences to the bare processes around them
 */
export async function measureStartup(node, plan, progress) {
  const variants = STARTS.filter(({ name }) => plan.variants === undefined || plan.variants.includes(name));
  const sink = await startUpstream();
  const start = async (variant, name) => {
    const args = [...(plan.nodeOptions ?? []), ...variant.preload, app(name)];
    const { text, wall } = await runToEnd(node.binary, args, environment(variant, { sink: sink.url }));
    const { cpu, rss, threads } = JSON.parse(text);
    return { cpu: cpu / 1000, wall, rss, threads };
  };
  const result = {};
  progress.say(`Node ${node.major}: start-up, what each sends is looked at`);
  await checkPreloads(node, plan, variants);
  progress.expect(plan.apps.length * plan.starts);
  for (const name of plan.apps) {
    progress.say(`Node ${node.major}: start-up, ${name}`);
    result[name] = {};
    await start(BASELINE, name);
    for (let i = 0; i < plan.starts; i++) {
      let before = await start(BASELINE, name);
      add(result[name], BASELINE.name, before, before);
      const due = variants.filter(({ every = 1 }) => i % every === 0);
      for (const variant of orderOf(due, i)) {
        const sample = await start(variant, name);
        const next = await start(BASELINE, name);
        const around = Object.fromEntries(MEASURED.map((key) => [key, (before[key] + next[key]) / 2]));
        add(result[name], variant.name, sample, around);
        before = next;
      }
      progress.step();
    }
  }
  sink.close();
  return result;
}

/** Checks that each preload works, because a preload that does nothing would start fastest. */
async function checkPreloads(node, { nodeOptions }, variants) {
  const sending = variants.filter(({ expect }) => expect !== 'nothing');
  const fleet = await startFleet(node.binary, sending, { clients: ['http'], nodeOptions });
  await fleet.stop();
}

function add(result, name, sample, around) {
  result[name] ??= Object.fromEntries(MEASURED.map((key) => [key, { value: [], over: [] }]));
  for (const key of MEASURED) {
    result[name][key].value.push(digits(sample[key]));
    result[name][key].over.push(digits(sample[key] - around[key]));
  }
}

function digits(value) {
  return Number(value.toFixed(2));
}
