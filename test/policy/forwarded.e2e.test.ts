import { describe, expect, it } from 'vitest';
import { fixture, run, testNodeMajor } from '../support/app.ts';
import { dottedOrder } from '../support/trace.ts';

const trace = dottedOrder();
const own = dottedOrder();
const replicas = `langsmith-replicas=${encodeURIComponent('[["evil",{"apiUrl":"http://evil"}]]')}`;
const members = 'langsmith-metadata=%7B%22a%22%3A%22theirs%22%7D,langsmith-project=theirs';
const others = 'vendor=1;p=2,other=%20';
const link = `langsmith-trace=${trace}`;
const theirs = `${replicas},${members},${others}`;

/** What each kind of client sends on of what the proxy was sent, and has set itself. */
async function forwarded(lines: string[], env: NodeJS.ProcessEnv, set?: Record<string, string>) {
  const { stdout, stderr, code } = await run([fixture('apps/forwards.cjs')], {
    env: { ...env, LINES: JSON.stringify(lines), ...(set && { OWN: JSON.stringify(set) }) },
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const told = Object.entries(JSON.parse(stdout) as Record<string, [string, string]>);
  // undici 7 needs Node 20.
  const ofUndici = testNodeMajor < 20 ? 0 : set === undefined ? 3 : 2;
  expect(told).toHaveLength(7 + ofUndici);
  return told;
}

const none = { TRACE_AGENT_TRUST: 'none' };
const withTrace = [`langsmith-trace: ${trace}`, `baggage: ${theirs}`];

describe('headers that a proxy forwards unchanged', () => {
  it.each<[string, string[], NodeJS.ProcessEnv, [string, string]]>([
    ['from a caller that is not trusted', withTrace, none, ['', others]],
    ['from one whose trace is not valid', ['langsmith-trace: x', `baggage: ${theirs}`], {}, ['', others]],
    ['with a trace that comes twice', [withTrace[0] as string, ...withTrace], {}, ['', others]],
    ['in two headers', [`Baggage: ${replicas}`, `BAGGAGE: ${members},${others}`], none, ['', others]],
    ['without a trace, not trusted', [`baggage: ${theirs}`], none, ['', others]],
    ['without a trace, trusted', [`baggage: ${theirs}`], {}, ['', `${members},${others}`]],
    [
      'with spaces and properties',
      [`baggage: a=1 , ${replicas};x , ${members.replace(',', ' ;y, ')}`],
      none,
      ['', 'a=1'],
    ],
    [
      'with names that are encoded',
      [withTrace[0] as string, `baggage: ${theirs.replaceAll('langsmith-', 'langsmith%2D')}`],
      none,
      ['', others],
    ],
    [
      'with names that are encoded, from a trusted caller without a trace',
      [`baggage: ${replicas.replace('langsmith-', '%6Cangsmith%2d')},${others}`],
      {},
      ['', others],
    ],
    ['to a destination that gets nothing', withTrace, { TRACE_AGENT_PROPAGATE_TO: 'none' }, ['', others]],
    ['with a trace in baggage alone, not trusted', [`baggage: ${link},${theirs}`], none, ['', others]],
    ['with a trace in baggage that is not valid', [`baggage: ${link}x,${theirs}`], {}, ['', others]],
    ['of other vendors alone', [`baggage: ${others}`], none, ['', others]],
  ])(
    '%s is forwarded without LangSmith’s headers',
    async (_name, lines, env, [wantedTrace, wantedBaggage]) => {
      for (const [client, [sentTrace, sentBaggage]] of await forwarded(lines, env)) {
        const compact = sentBaggage.replace(/\s*,\s*/g, ',').trim();
        expect([client, sentTrace, compact]).toEqual([client, wantedTrace, wantedBaggage]);
      }
    },
  );

  it('from a trusted caller goes on, without replicas whose name is encoded', async () => {
    const encoded = replicas.replace('langsmith-', 'langsmith%2D');
    const lines = [withTrace[0] as string, `baggage: ${encoded},${members},${others}`];
    for (const [client, [, baggage]] of await forwarded(lines, {}))
      expect([client, baggage]).toEqual([
        client,
        client.includes('CONNECT') ? others : `${link},${members},${others}`,
      ]);
  });

  it('from a trusted caller goes on, without replicas, but for CONNECT', async () => {
    for (const [client, sent] of await forwarded(withTrace, {})) {
      const isConnect = client.includes('CONNECT');
      expect([client, ...sent]).toEqual(
        isConnect ? [client, '', others] : [client, trace, `${link},${members},${others}`],
      );
    }
  });
});

it('a trace in baggage that the application forwards beside its own is removed', async () => {
  const lines = [`baggage: ${link},${theirs}`];
  const stale = { 'langsmith-trace': own, baggage: `vendor=1,${link.replace('=', ' = ')};p` };
  for (const [client, sent] of await forwarded(lines, {}, stale))
    expect([client, ...sent]).toEqual([client, own, 'vendor=1']);
});

describe('headers that the application has set itself stay, except for replicas', () => {
  it.each([
    ['a trusted caller', {}],
    ['one that is not trusted', none],
    ['a destination that gets nothing', { TRACE_AGENT_PROPAGATE_TO: 'none' }],
  ])('%s', async (_name, env) => {
    const set = { 'langsmith-trace': own, baggage: `langsmith-project=mine,${replicas},v=1` };
    for (const [client, sent] of await forwarded(withTrace, env, set)) {
      expect([client, ...sent]).toEqual([client, own, 'langsmith-project=mine,v=1']);
    }
  });
});
