/** Measures what one request costs the service that handles it, alone and with an outgoing call by each client. */
import { startFleet } from './fleet.mjs';
import { pinDriver } from './node-process.mjs';
import { baselineBursts, measureRounds } from './rounds.mjs';
import { BASELINE, SERVERS } from './variants.mjs';

/**
 * @param {object} node `{major, binary}`
 * @param {object} plan `clients`, `generations` of processes, `rounds` in each, `milliseconds` of a burst, the
 *   `warmUp` before it (see fleet.mjs), `variants` by name
 * @returns by client and variant: `{cpu, ratio, rate, p50, p99}`, each a list of samples for each generation in which
 *   the variant takes part; and the number of threads of each server
 */
export async function measureHop(node, plan, progress) {
  const variants = SERVERS.filter(({ name }) => plan.variants === undefined || plan.variants.includes(name));
  const result = { clients: {}, threads: {} };
  const called = plan.clients.filter((client) => client !== 'none');
  progress.expect(plan.generations * plan.clients.length * plan.rounds);
  for (let generation = 0; generation < plan.generations; generation++) {
    // The results of peers are far from every budget, so one process of each is enough.
    const present = variants.filter(({ group }) => generation === 0 || group === undefined);
    const withTrace = present.filter(({ inbound }) => inbound === 'trace');
    const withoutTrace = present.filter(({ inbound }) => inbound === 'none');
    // There are as many baseline processes as baseline bursts in a round, because V8 compiles a server better that
    // has served more requests than others.
    const bare = (inbound, members) =>
      Array.from({ length: baselineBursts(members) }, (_, i) => ({
        ...BASELINE,
        inbound,
        name: i === 0 && inbound === 'trace' ? BASELINE.name : `${BASELINE.name}, ${inbound} ${i}`,
      }));
    const parts = [withTrace, withoutTrace]
      .filter((members) => members.length > 0)
      .map((members) => ({ members, baselines: bare(members[0].inbound, members) }));
    const all = parts.flatMap(({ members, baselines }) => [...baselines, ...members]);
    progress.say(`Node ${node.major}: ${all.length} servers start, their headers are looked at`);
    const fleet = await startFleet(node.binary, all, { clients: called });
    pinDriver(true);
    try {
      for (const client of plan.clients) {
        progress.say(`Node ${node.major}: a hop, ${client === 'none' ? 'server only' : client}`);
        const entry = (variant) => fleet.entry(variant, `/${client}`, plan);
        const groups = await inTurn(parts, async ({ members, baselines }) => ({
          name: `bare, ${members[0].inbound}`,
          baselines: await inTurn(baselines, entry),
          entries: await inTurn(members, entry),
        }));
        const samples = await measureRounds({ ...plan, groups, onRound: progress.step });
        addTo(result.clients, client, samples, generation);
        fleet.closeLoads();
      }
      for (const [name, server] of fleet.servers) result.threads[name] = await server.ask('threads');
    } finally {
      pinDriver(false);
      await fleet.stop();
    }
  }
  return result;
}

function addTo(clients, client, samples, generation) {
  clients[client] ??= {};
  for (const [name, taken] of Object.entries(samples)) {
    clients[client][name] ??= { cpu: [], ratio: [], rate: [], p50: [], p99: [] };
    const series = clients[client][name];
    for (const key of Object.keys(series)) {
      series[key][generation] = taken.map((sample) => rounded(sample[key])).filter(Number.isFinite);
    }
  }
}

async function inTurn(items, fn) {
  const results = [];
  for (const item of items) results.push(await fn(item));
  return results;
}

/** Rounds to four digits, which is finer than the noise. */
export function rounded(value) {
  return value === undefined ? Number.NaN : Number(value.toPrecision(4));
}
