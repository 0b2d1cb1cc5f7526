import { describe, expect, it } from 'vitest';
import { judge } from '../../bench/budgets.mjs';

const MIB = 2 ** 20;
/** As many samples as it takes to be certain of anything. */
const enough = (...samples: number[]) => Array.from({ length: 6 }, () => samples).flat();
const started = (cpu: number, mebibytes: number, threads = 0) => ({
  cpu: { over: enough(cpu) },
  rss: { over: enough(mebibytes * MIB) },
  threads: { over: enough(threads) },
});
const BARE = 40;
/** The samples are times bare Node. */
const ratio = (...samples: number[]) => ({
  ratio: [enough(...samples)],
  cpu: [enough(...samples.map((sample) => sample * BARE))],
});

function verdicts(parts: object): Record<string, string> {
  return Object.fromEntries(
    judge({ measured: { 24: parts } }).map(({ budget, verdict }) => [budget, verdict]),
  );
}

describe('start-up', () => {
  const startup = (agent: object) =>
    verdicts({ startup: { empty: { 'agent, require': agent, 'agent, import': agent } } });

  it('is met at its limits', () => {
    expect(new Set(Object.values(startup(started(10, 4))))).toEqual(new Set(['met']));
  });

  it('is not met beyond any of them', () => {
    expect(startup(started(10.1, 4))['start-up by --require: CPU over bare']).toBe('NOT MET');
    expect(startup(started(9, 4.1))['start-up by --import: resident memory over bare']).toBe('NOT MET');
    expect(startup(started(9, 3, 1))['start-up by --require: threads over bare']).toBe('NOT MET');
  });

  it('says where the samples lie on both sides of the limit', () => {
    const wide = { ...started(0, 1), cpu: { over: [2, 3, 4, 5, 30, 31, 32] } };
    expect(startup(wide)['start-up by --require: CPU over bare']).toBe('met, not certain');
  });

  it('says where there are too few samples', () => {
    const few = (cpu: number) => ({ ...started(0, 1), cpu: { over: [cpu, cpu, cpu] } });
    expect(startup(few(2))['start-up by --require: CPU over bare']).toBe('met, not certain');
    expect(startup(few(53))['start-up by --require: CPU over bare']).toBe('NOT MET, not certain');
  });
});

describe('a hop', () => {
  const NO_TRACE = 'a request with no trace, of bare';
  const NO_TRACE_NOW = 'a request with no trace where others had one, of the floor';
  const RELAY = 'a relayed trace, of the floor';
  const RUNS = 'with runs, of the floor and what the SDK itself costs';
  const hop = (changed: object) =>
    verdicts({
      hop: {
        threads: { bare: 7, 'agent, relay': 7 },
        clients: {
          http: {
            'bare again': ratio(1, 1),
            floor: ratio(1.2, 1.2),
            runs: ratio(3, 3),
            'bare again, no trace': ratio(0.98, 1.02),
            'agent, no trace': ratio(1.01, 1.03),
            'floor, no trace now': ratio(1.1, 1.1),
            'agent, no trace now': ratio(1.15, 1.15),
            'agent, relay': ratio(1.25, 1.25),
            'agent, runs': ratio(3.4, 3.4),
            ...changed,
          },
        },
      },
    });

  it('is met by ratios within the limits', () => {
    expect(hop({})).toMatchObject({ [NO_TRACE]: 'met', [RELAY]: 'met', [RUNS]: 'met' });
  });

  it('with no trace must not lie above all that a second bare may be', () => {
    expect(hop({ 'agent, no trace': ratio(1.04, 1.07) })[NO_TRACE]).toBe('NOT MET');
  });

  it('with no trace where others had one is compared with the floor', () => {
    expect(hop({})[NO_TRACE_NOW]).toBe('met');
    expect(hop({ 'agent, no trace now': ratio(1.17, 1.17) })[NO_TRACE_NOW]).toBe('NOT MET');
  });

  it('says where the noise would hide a tenth', () => {
    const noisy = { 'bare again, no trace': ratio(0.8, 1.2), 'agent, no trace': ratio(0.85, 1.15) };
    expect(hop(noisy)[NO_TRACE]).toBe('met, not certain');
  });

  it('is not met by noise alone, where the median is more than a tenth above', () => {
    const noisy = { 'bare again, no trace': ratio(0.9, 1, 1.1), 'agent, no trace': ratio(1, 1.3, 1.1) };
    expect(hop(noisy)[NO_TRACE]).toBe('NOT MET, not certain');
  });

  it('that relays is compared with the floor of the same moment', () => {
    expect(hop({ 'agent, relay': ratio(1.3, 1.3) })[RELAY]).toBe('NOT MET');
    expect(hop({ floor: ratio(1.2, 2.4), 'agent, relay': ratio(1.2, 2.4) })[RELAY]).toBe('met');
  });

  it('with runs may cost the floor and the SDK, and a tenth of that', () => {
    // The floor is 1.2, the SDK 2 more.
    expect(hop({ 'agent, runs': ratio(3.51, 3.51) })[RUNS]).toBe('met');
    expect(hop({ 'agent, runs': ratio(3.54, 3.54) })[RUNS]).toBe('NOT MET');
  });
});

describe('growth', () => {
  const heaps = (bare: number, agent: number) => ({
    bare: { heap: bare * MIB },
    'agent, relay': { heap: agent * MIB },
  });
  const loaded = (over: number, relay: number) => ({
    startup: { 'agent, require': { cpu: { over: enough(over) } } },
    hop: { floor: ratio(1, 1), 'agent, relay': ratio(relay, relay) },
  });
  const growth = (last: object, many: object) =>
    verdicts({
      growth: {
        'requests served': { 10000: heaps(10, 11), 200000: last },
        'modules loaded': { 0: loaded(8, 1.04), 2000: many },
      },
    });
  const HEAP = 'heap, from 10000 requests served to 200000, over that of bare';
  const MODULES = '2000 modules loaded';

  it('is none where bare Node grows as much', () => {
    expect(growth(heaps(13, 14.9), loaded(8, 1.04))).toEqual({ [HEAP]: 'met', [MODULES]: 'met' });
  });

  it('is detected in the heap, and in the cost of many modules', () => {
    expect(growth(heaps(10, 12.1), loaded(8, 1.04))[HEAP]).toBe('NOT MET');
    expect(growth(heaps(10, 11), loaded(9, 1.04))[MODULES]).toBe('NOT MET');
    expect(growth(heaps(10, 11), loaded(8, 1.06))[MODULES]).toBe('NOT MET');
  });
});
