/** The dotted order in `baggage`, over real sockets: through node:http, fetch, undici and node:http2, in both directions. */
import { beforeAll, describe, expect, it } from 'vitest';
import { fixture, run, testNodeMajor } from '../support/app.ts';
import { isCampaign } from '../support/campaign.ts';
import { baggage, dottedOrder, linked } from '../support/trace.ts';

type Pairs = [name: string, value: string][];
interface Told {
  /** The dotted order of the current run; `''` for none. */
  current: string;
  /** The two headers that arrived of each client. */
  sent: Record<string, [trace: string, baggage: string]>;
}

const trace = dottedOrder(2);
const other = dottedOrder();
const members = baggage({ metadata: { a: 'b c' }, tags: ['t'], project: 'p' });
const bare = baggage({ project: 'p' });
const CLIENTS = ['http', 'fetch', ...(testNodeMajor >= 20 ? ['undici'] : []), 'http2'];

/** Asks a service under the agent over HTTP/1.1 and over HTTP/2, with each of these requests. */
async function ask(requests: Pairs[], env: NodeJS.ProcessEnv = {}): Promise<Told[]> {
  const { code, stdout, stderr } = await run([fixture('apps/trace-in-baggage.cjs')], {
    env: { REQUESTS: JSON.stringify(requests), ...env },
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const told = JSON.parse(stdout) as { http: Told; http2: Told }[];
  return told.flatMap(({ http, http2 }) => {
    expect(http2).toEqual(http);
    return [http];
  });
}

async function askOnce(pairs: Pairs, env: NodeJS.ProcessEnv = {}): Promise<Told> {
  return (await ask([pairs], env))[0] as Told;
}

const inBaggage = (value: string): Pairs => [['baggage', value]];
const byEach = (...headers: [string, string]) => Object.fromEntries(CLIENTS.map((name) => [name, headers]));
const NOTHING: [string, string] = ['', ''];

describe('a trace that arrives in baggage alone', () => {
  const continued: [string, Pairs][] = [
    ['as the agent writes it', inBaggage(linked(trace, members))],
    ['behind other members', inBaggage(`vendor=1;p,${members},${linked(trace)}`)],
    ['behind a service that encodes forms', inBaggage(linked(trace, members).replaceAll('%20', '+'))],
    ['with properties and spaces', inBaggage(linked(trace, members).replaceAll(',', ';q=1 , '))],
    [
      'with percent sequences in lower case',
      inBaggage(linked(trace.replaceAll('-', '%2d'), members.toLowerCase())),
    ],
    [
      'of a trace that was not sampled elsewhere',
      inBaggage(`${linked(trace, members)},langsmith-sampled=false`),
    ],
    ['in one of two lines', [...inBaggage(members), ...inBaggage(linked(trace))]],
  ];
  const refused: [string, Pairs][] = [
    ['that is no dotted order', inBaggage(linked('x', members))],
    ['that is cut short', inBaggage(linked(trace.slice(0, -1), members))],
    ['that comes twice', inBaggage(`${linked(trace, members)},${linked(trace)}`)],
    [
      'that comes again with an encoded name',
      inBaggage(`${linked(trace, members)},langsmith%2Dtrace=${other}`),
    ],
    ['that comes in two lines', [...inBaggage(linked(trace, members)), ...inBaggage(linked(other))]],
    ['beside a header that is not valid', [['langsmith-trace', 'x'], ...inBaggage(linked(trace, members))]],
  ];
  /** The answers to all requests, by one process. */
  let told: Map<string, Told>;
  beforeAll(async () => {
    const cases = [...continued, ...refused];
    const answers = await ask(cases.map(([, pairs]) => pairs));
    told = new Map(cases.map(([name], i) => [name, answers[i] as Told]));
  });

  it.each(continued)('is continued and passed on, %s', (name) => {
    const { current, sent } = told.get(name) as Told;
    expect(current).toBe(trace);
    const upper = Object.fromEntries(
      Object.entries(sent).map(([client, [header, list]]) => [
        client,
        [header, list.replace(/%../g, (code) => code.toUpperCase())],
      ]),
    );
    expect(upper).toEqual(byEach(trace, linked(trace, members)));
  });

  it.each(refused)('is not continued if it is one %s', (name) => {
    expect(told.get(name)).toEqual({ current: '', sent: byEach(...NOTHING) });
  });

  it('gives way to the header', async () => {
    const { current, sent } = await askOnce([
      ['langsmith-trace', other],
      ...inBaggage(linked(trace, members)),
    ]);
    expect(current).toBe(other);
    expect(sent).toEqual(byEach(other, linked(other, members)));
  });

  it('is not continued from a peer that is not trusted', async () => {
    const told = await askOnce(inBaggage(linked(trace, members)), { TRACE_AGENT_TRUST: 'none' });
    expect(told).toEqual({ current: '', sent: byEach(...NOTHING) });
  });
});

describe('where the trace is written in baggage', () => {
  const sentTo = async (env: NodeJS.ProcessEnv) =>
    (
      await askOnce(
        [
          ['langsmith-trace', trace],
          ['baggage', members],
        ],
        env,
      )
    ).sent;

  it.each<[string, NodeJS.ProcessEnv, [string, string]]>([
    ['a destination that gets metadata', {}, [trace, linked(trace, members)]],
    ['one that gets none', { TRACE_AGENT_SHARE_METADATA_WITH: 'none' }, [trace, bare]],
    ['one that gets nothing', { TRACE_AGENT_PROPAGATE_TO: 'none' }, NOTHING],
    ['none, with the setting off', { TRACE_AGENT_TRACE_IN_BAGGAGE: 'false' }, [trace, members]],
  ])('%s', async (_name, env, expected) => {
    expect(await sentTo(env)).toEqual(byEach(...expected));
  });

  it('no destination, if the run has no other members', async () => {
    const requests: Pairs[] = [[['langsmith-trace', trace]], inBaggage(linked(trace))];
    for (const { sent } of await ask(requests)) expect(sent).toEqual(byEach(trace, ''));
  });

  const crowded: [number, string][] = [
    [60, linked(trace, members)],
    [61, linked(trace, 'langsmith-tags=t,langsmith-project=p')],
    [62, 'langsmith-tags=t,langsmith-project=p'],
    [63, bare],
    [64, bare],
    [65, linked(trace, members)],
  ];
  it.each(isCampaign ? crowded : crowded.slice(2, 4))(
    'a baggage with %i members of other vendors is not brought above 64',
    async (count, expected) => {
      const vendors = Array.from({ length: count }, (_, i) => `v${i}=1`).join(',');
      const env = { OWN: JSON.stringify({ baggage: vendors }), TRACE_AGENT_LOG: 'error' };
      expect(await sentTo(env)).toEqual(byEach(trace, `${expected},${vendors}`));
    },
  );

  it('a trace in baggage is continued with the setting off, and is passed on in the header alone', async () => {
    const env = { TRACE_AGENT_TRACE_IN_BAGGAGE: 'false' };
    const { current, sent } = await askOnce(inBaggage(linked(trace, members)), env);
    expect(current).toBe(trace);
    expect(sent).toEqual(byEach(trace, members));
  });
});

describe('a copy of the inbound baggage that the application forwards', () => {
  const FORWARD = { FORWARD: 'baggage' };
  const own = { OWN: JSON.stringify({ 'langsmith-trace': other }) };
  const vendor = 'vendor=1;p=2';

  it('is replaced by the headers of the run', async () => {
    const stale = `${linked(trace, members)},${vendor}`;
    const { sent } = await askOnce([['langsmith-trace', other], ...inBaggage(stale)], FORWARD);
    expect(sent).toEqual(byEach(other, `${linked(other, members)},${vendor}`));
  });

  it.each<[string, string, NodeJS.ProcessEnv, string]>([
    [
      'is removed if the caller is not trusted',
      linked(trace, members),
      { TRACE_AGENT_TRUST: 'none' },
      vendor,
    ],
    ['is removed if its trace is not valid', linked('x', members), {}, vendor],
    [
      'is removed if its trace is not valid, beside a trace that was not sampled',
      `${linked('x', members)},langsmith-sampled=false`,
      { TRACE_AGENT_PROPAGATE_TO: 'none' },
      vendor,
    ],
    ['is removed if its trace comes twice', `${linked(trace)},${linked(trace, members)}`, {}, vendor],
    [
      'is removed for a destination that gets nothing',
      linked(trace, members),
      { TRACE_AGENT_PROPAGATE_TO: 'none' },
      vendor,
    ],
    [
      'loses its trace beside a trace of the application’s own',
      linked(trace, members),
      own,
      `${members},${vendor}`,
    ],
    [
      'loses a trace whose value is encoded',
      `${linked(trace.replaceAll('-', '%2d'))};q,${members}`,
      own,
      `${members},${vendor}`,
    ],
    ['is removed if the name of its trace is encoded', `langsmith%2Dtrace=${trace},${members}`, own, vendor],
  ])('%s', async (_name, value, env, expected) => {
    const { sent } = await askOnce(inBaggage(`${value},${vendor}`), { ...FORWARD, ...env });
    for (const [name, [, list]] of Object.entries(sent)) expect([name, list]).toEqual([name, expected]);
  });

  it('does not reach LangSmith’s own API', async () => {
    const env = { ...FORWARD, OWN: JSON.stringify({ 'user-agent': 'langsmith-js/0.12.0' }) };
    const { current, sent } = await askOnce(inBaggage(`${linked(trace, members)},${vendor}`), env);
    expect(current).toBe(trace);
    expect(sent).toEqual(byEach('', vendor));
  });
});
