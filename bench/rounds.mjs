/**
 * Bursts of all variants in turn, with a burst of the baseline before and after every few: each is compared with what
 * the baseline cost at that moment.
 */
import { measureBurst } from './burst.mjs';

/** Between two bursts of the baseline. */
const UNITS = 2;

/** How many bursts of the baseline there are in a round. */
export function baselineBursts(entries) {
  return Math.ceil(unitsOf(entries).length / UNITS) + 1;
}

/** Variants that are compared with one another stay together: one with `beside` comes right after the one of that name. */
function unitsOf(entries) {
  const units = [];
  for (const entry of entries) {
    const unit = units.find((members) => members.at(-1).name === entry.beside);
    if (unit === undefined) units.push([entry]);
    else unit.push(entry);
  }
  return units;
}

/** Another first in each round, and every other one backwards: nobody always comes after the same. */
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
 * @param {object[]} options.groups each with `baselines`, processes of the same program that have its bursts in turn,
 *   the `name` for their samples, and `entries`: all `{name, server, load, beside}`
 * @param {number} options.rounds
 * @param {number} options.milliseconds of a burst
 * @param {number} options.retakes of one that is disturbed
 * @param {() => void} options.onRound
 * @returns {Promise<Record<string, object[]>>} by name, a sample for each round, with its `ratio` to the baseline around
 *   it, and with that `baseline`
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
