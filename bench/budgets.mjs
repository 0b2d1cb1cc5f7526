/**
 * Judges from the results of one run whether the agent stays within its budgets. Pure.
 *
 * A budget is met if the median is within it. If the interval of that median (95 %) contains the limit, the run was
 * too short to be certain, and the verdict says so.
 */
import { pair, pairedRatios, summarize } from './statistics.mjs';

const MIB = 2 ** 20;
/** The difference between two runs that a heap may show without a leak, over 190,000 requests: 5 bytes each. */
const HEAP_NOISE_MIB = 1;

const START_MS = 10;
/** The Node.js versions to which the budget applies. On Node 20 an empty file with `--import` takes more than that. */
const START_NODES = ['24'];
const START_RSS_MIB = 4;
const RELAY = 1.05;
const RUNS = 1.1;
/** The resolution that a run needs to be certain that there is no difference. */
const NO_TRACE_RESOLUTION = 0.1;
const RELAY_RESOLUTION = 0.1;
const START_RESOLUTION_MS = 5;

/**
 * @returns {{budget: string, node: string, limit: string, verdict: string, cells: {of: string, shown: string,
 *   verdict: string}[]}[]} one entry for each budget and Node.js version
 */
export function judge({ measured }) {
  return Object.entries(measured).flatMap(([node, { startup, hop, growth }]) =>
    [
      ...(startup === undefined ? [] : judgeStartup(startup)),
      ...(hop === undefined ? [] : judgeHop(hop)),
      ...(growth === undefined ? [] : judgeGrowth(growth)),
    ]
      .filter(([, , , on = [node]]) => on.includes(node))
      .map(([budget, limit, cells]) => ({ budget, node, limit, verdict: worst(cells), cells })),
  );
}

function judgeStartup(apps) {
  const each = (variant, key, cell) =>
    Object.entries(apps).map(([app, series]) => ({
      of: app,
      ...cell(summarize([series[variant][key].over])),
    }));
  return ['agent, require', 'agent, import'].flatMap((variant) => {
    const by = variant.replace('agent, ', '--');
    return [
      [
        `start-up by ${by}: CPU over bare`,
        `${START_MS} ms`,
        each(variant, 'cpu', (s) => atMost(s, START_MS, 'ms')),
        START_NODES,
      ],
      [
        `start-up by ${by}: resident memory over bare`,
        `${START_RSS_MIB} MiB`,
        each(variant, 'rss', (s) => atMost(scaled(s, 1 / MIB), START_RSS_MIB, 'MiB')),
      ],
      [
        `start-up by ${by}: threads over ${variant === 'agent, import' ? 'an empty file by --import' : 'bare'}`,
        '0',
        Object.entries(apps).map(([app, series]) => {
          const started = (name) => summarize([series[name]?.threads.over ?? [0]]).median;
          // The threads that Node.js itself starts: on Node 20 it starts four with any `--import`.
          const own = variant === 'agent, import' ? started('empty import') : 0;
          const over = started(variant) - own;
          return { of: app, shown: String(over), verdict: met(over <= 0) };
        }),
      ],
    ];
  });
}

function judgeHop({ clients, threads }) {
  const each = (cell) => Object.entries(clients).map(([client, series]) => ({ of: client, ...cell(series) }));
  const over = threads['agent, relay'] - threads['bare'];
  return [
    [
      'under load: threads over bare',
      '0',
      [{ of: 'all clients', shown: String(over), verdict: met(over <= 0) }],
    ],
    [
      'a request with no trace, of bare',
      'within the noise of a second bare',
      each((series) =>
        within(
          summarize(series['agent, no trace'].ratio),
          summarize(series['bare again, no trace'].ratio),
          NO_TRACE_RESOLUTION,
        ),
      ),
    ],
    [
      'a request with no trace where others had one, of the floor',
      String(RELAY),
      each((series) =>
        atMost(
          summarize(pairedRatios(series['agent, no trace now'].cpu, series['floor, no trace now'].cpu)),
          RELAY,
        ),
      ),
    ],
    [
      'a relayed trace, of the floor',
      String(RELAY),
      each((series) =>
        atMost(summarize(pairedRatios(series['agent, relay'].cpu, series['floor'].cpu)), RELAY),
      ),
    ],
    [
      'with runs, of the floor and what the SDK itself costs',
      String(RUNS),
      each((series) => {
        const over = pair(series['floor'].cpu, series['bare again'].cpu, (floor, bare) => floor - bare);
        const sdk = pair(series['runs'].cpu, over, (runs, floor) => runs + floor);
        return atMost(summarize(pairedRatios(series['agent, runs'].cpu, sdk)), RUNS);
      }),
    ],
  ];
}

function judgeGrowth({ 'requests served': served, 'modules loaded': modules }) {
  const [first, last] = ends(served);
  const grown = (name) => (served[last][name].heap - served[first][name].heap) / MIB;
  const heaps = Object.keys(served[last]).filter((name) => name !== 'bare');
  const [few, many] = ends(modules);
  const start = (count) => summarize([modules[count].startup['agent, require'].cpu.over]);
  const relay = (count) => {
    const { hop } = modules[count];
    return summarize(pairedRatios(hop['agent, relay'].cpu, hop['floor'].cpu));
  };
  return [
    [
      `heap, from ${first} requests served to ${last}, over that of bare`,
      `${HEAP_NOISE_MIB} MiB`,
      heaps.map((name) => {
        const over = grown(name) - grown('bare');
        return { of: name, shown: `${fixed(over)} MiB`, verdict: met(over <= HEAP_NOISE_MIB) };
      }),
    ],
    [
      `${many} modules loaded`,
      'as with none',
      [
        { of: 'start-up over bare, ms', ...within(start(many), start(few), START_RESOLUTION_MS) },
        { of: 'relay, of the floor', ...within(relay(many), relay(few), RELAY_RESOLUTION) },
      ],
    ],
  ];
}

function ends(points) {
  const numbers = Object.keys(points).map(Number);
  return [Math.min(...numbers), Math.max(...numbers)];
}

/** With fewer samples than this, no interval contains the median with 95 % confidence, however they are distributed. */
const FEWEST = 6;

/** Judges whether the median is at most `limit`. */
function atMost({ median: value, low, high, n }, limit, unit = '') {
  const isCertain = n >= FEWEST && (high <= limit || low > limit);
  const shown = `${fixed(value)} (${fixed(low)} to ${fixed(high)}) ${unit}`.trim();
  return { shown, verdict: isCertain ? met(value <= limit) : `${met(value <= limit)}, not certain` };
}

/**
 * Judges whether one median is no more than another: their intervals overlap, or this one lies below. If the
 * intervals are so wide that a difference of `resolution` could hide in them, the result is not certain, and the
 * medians may differ by at most that.
 */
function within(one, other, resolution) {
  const interval = ({ median: value, low, high }) => `${fixed(value)} (${fixed(low)} to ${fixed(high)})`;
  const isAbove = one.low > other.high;
  const areEnough = one.n >= FEWEST && other.n >= FEWEST;
  const isCertain = areEnough && (isAbove || one.high - other.low <= resolution);
  const verdict = isCertain ? met(!isAbove) : `${met(one.median - other.median <= resolution)}, not certain`;
  return { shown: `${interval(one)}, beside ${interval(other)}`, verdict };
}

function scaled(summary, factor) {
  const values = Object.entries(summary).map(([key, value]) => [key, key === 'n' ? value : value * factor]);
  return Object.fromEntries(values);
}

function met(isMet) {
  return isMet ? 'met' : 'NOT MET';
}

const ORDER = ['NOT MET', 'NOT MET, not certain', 'met, not certain', 'met'];

function worst(cells) {
  return ORDER.find((verdict) => cells.some((cell) => cell.verdict === verdict)) ?? 'not measured';
}

function fixed(value) {
  return value.toFixed(2);
}
