/**
 * Sends bursts to all variants in turn, with a burst to the baseline before and after every few. Each result is
 * compared with the cost of the baseline at that time.
 */
import { measureBurst } from './burst.mjs';

/** The number of units between two bursts of the baseline. */
const UNITS = 2;

/** Returns the number of bursts of the baseline in a round. */
export function baselineBursts(entries) {
  return Math.ceil(unitsOf(entries).length / UNITS) + 1;
}

/**
 * Groups variants that are compared with one another: a variant with `beside` comes right after the variant of that
 * name.
 */
function unitsOf(entries) {
  const units = [];
  for (const entry of entries) {
    const unit = units.find((members) => members.at(-1).name === entry.beside);
    if (unit === undefined) units.push([entry]);
    else unit.push(entry);
  }
  return units;
}

/**
 * Changes the order in each round: each pair of rounds starts with another item, and every second round runs
 * backwards, so that no item always follows the same one.
 */
export function orderOf(items, round) {
  const first = (round >> 1) % items.length;
  const order = [...items.slice(first), ...items.slice(0, first)];
  return round % 2 === 0 ? order : order.reverse();
}

function unitsInOrder(entries, round) {
  const order = orderOf(unitsOf(entries), round);
  return round % 2 === 0 ? order : order.map((unit) => unit.toReversed());
}

/**
 * @param {object} options
 * @param {object[]} options.groups each with `baselines`, processes of the same program that take its bursts in turn,
 *   the `name` for their samples, and `entries`, a list of `{name, server, load, beside}`
 * @param {number} options.rounds
 * @param {number} options.milliseconds the length of a burst
 * @param {number} options.retakes how often a disturbed burst is repeated
 * @param {() => void} options.onRound
 * @returns {Promise<Record<string, object[]>>} by name, a sample for each round, with that `baseline` and its `ratio`
 *   to the baseline around it
 */
export async function measureRounds({ groups, rounds, milliseconds, retakes, onRound }) {
  const samples = {};
  const burst = ({ server, load }) => measureBurst(server, load, { milliseconds, retakes });
  for (let round = 0; round < rounds; round++) {
    for (const { name: baselineName, baselines, entries } of groups) {
      const order = unitsInOrder(entries, round);
      let turn = round;
      const burstOfBaseline = () => burst(baselines[turn++ % baselines.length]);
      let before = await burstOfBaseline();
      for (let i = 0; i < order.length; i += UNITS) {
        const taken = [];
        for (const entry of order.slice(i, i + UNITS).flat()) taken.push([entry.name, await burst(entry)]);
        const next = await burstOfBaseline();
        const around = (before.cpu + next.cpu) / 2;
        for (const [name, sample] of taken) {
          samples[name] ??= [];
          samples[name].push({ ...sample, baseline: around, ratio: sample.cpu / around });
        }
        samples[baselineName] ??= [];
        samples[baselineName].push(before);
        before = next;
      }
    }
    onRound();
  }
  return samples;
}
