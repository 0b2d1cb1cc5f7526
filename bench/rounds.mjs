/**
 * Bursts of all variants in turn, with a burst of the baseline before and after every few: each is compared with what
 * the baseline cost at that moment.
 */
import { measureBurst } from './burst.mjs';

/** Variants between two bursts of the baseline. */
const BETWEEN = 3;

/** How many bursts of the baseline there are in a round of so many variants. */
export function baselineBursts(variants) {
  return Math.ceil(variants / BETWEEN) + 1;
}

/** Another in each round, and every other one backwards: nobody always comes after the same. */
export function orderOf(entries, round) {
  const first = (round >> 1) % entries.length;
  const order = [...entries.slice(first), ...entries.slice(0, first)];
  return round % 2 === 0 ? order : order.reverse();
}

/**
 * @param {object} options
 * @param {object[]} options.groups each with `baselines`, processes of the same program that have its bursts in turn,
 *   the `name` for their samples, and `entries`: all `{name, server, load, every}`, those with `every` take part in each
 *   so-manieth round only
 * @param {number} options.rounds
 * @param {number} options.milliseconds of a burst
 * @param {number} options.retakes of one that is disturbed
 * @param {() => void} options.onRound
 * @returns {Promise<Record<string, object[]>>} by name, the samples in the order of the rounds, each with its `ratio` to
 *   the baseline around it, and with that `baseline`
 */
export async function measureRounds({ groups, rounds, milliseconds, retakes, onRound }) {
  const samples = {};
  const burst = ({ server, load }) => measureBurst(server, load, { milliseconds, retakes });
  let turn = 0;
  for (let round = 0; round < rounds; round++) {
    for (const { name: baselineName, baselines, entries } of groups) {
      const burstOfBaseline = () => burst(baselines[turn++ % baselines.length]);
      const due = entries.filter(({ every = 1 }) => round % every === 0);
      const order = orderOf(due, round);
      let before = await burstOfBaseline();
      for (let i = 0; i < order.length; i += BETWEEN) {
        const taken = [];
        for (const entry of order.slice(i, i + BETWEEN)) {
          taken.push([entry.name, await burst(entry)]);
        }
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
