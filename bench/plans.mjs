/**
 * Defines how much is measured: a whole run, a run of three minutes, or a run that only checks that the bench works.
 */

const WARM_UP = { requests: 20_000, milliseconds: 4_000 };
const CLIENTS = ['none', 'http', 'fetch', 'undici', 'axios', 'got'];

export const FULL = {
  nodes: ['20', '24'],
  startup: { apps: ['empty', 'express-axios'], starts: 24 },
  hop: { clients: CLIENTS, generations: 3, rounds: 6, milliseconds: 100, warmUp: WARM_UP, retakes: 3 },
  growth: {
    points: {
      depth: [1, 10, 100],
      'metadata of the caller': [0, 1_000, 10_000, 100_000],
      'metadata of a run': [0, 1_000, 10_000, 100_000],
      'concurrent contexts': [1, 100, 1_000, 10_000],
    },
    rounds: 6,
    milliseconds: 120,
    warmUp: { requests: 2_000, milliseconds: 2_000 },
    retakes: 3,
    served: [10_000, 200_000],
    modules: [0, 2_000],
    moduleGenerations: 4,
    moduleRounds: 4,
    starts: 24,
  },
};

export const QUICK = {
  nodes: ['24'],
  startup: { apps: ['empty'], starts: 4 },
  hop: {
    clients: ['none', 'http'],
    generations: 1,
    rounds: 4,
    milliseconds: 80,
    warmUp: { requests: 2_000, milliseconds: 1_000 },
    retakes: 1,
  },
  growth: {
    points: { depth: [1, 100], 'concurrent contexts': [1, 1_000] },
    rounds: 3,
    milliseconds: 80,
    warmUp: { requests: 1_000, milliseconds: 400 },
    retakes: 0,
    served: [5_000, 20_000],
    modules: [0, 2_000],
    moduleGenerations: 1,
    moduleRounds: 3,
    starts: 3,
  },
};

/** Only checks that the bench works. Its numbers mean nothing. */
export const TINY = {
  nodes: ['running'],
  startup: { apps: ['empty'], starts: 1, variants: ['bare again', 'agent, require', 'agent, import'] },
  hop: {
    clients: ['none', 'http'],
    generations: 1,
    rounds: 1,
    milliseconds: 20,
    warmUp: { requests: 20, milliseconds: 1_000 },
    retakes: 0,
    variants: [
      'bare again',
      'floor',
      'agent, relay',
      'bare again, no trace',
      'agent, no trace',
      'floor, no trace now',
      'agent, no trace now',
      'runs',
      'agent, runs',
    ],
  },
  growth: {
    points: { depth: [1] },
    rounds: 1,
    milliseconds: 20,
    warmUp: { requests: 20, milliseconds: 1_000 },
    retakes: 0,
    served: [50, 100],
    modules: [0, 20],
    moduleGenerations: 1,
    moduleRounds: 1,
    starts: 1,
  },
};
