import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Config, readConfig } from '../src/config.ts';
import { RemoteRun } from '../src/context/remote-run.ts';
import type { HeaderValue, OutgoingCarrier } from '../src/outgoing-carrier.ts';
import { DestinationPolicy } from '../src/policy/destinations.ts';
import { createLangSmithAPI } from '../src/policy/langsmith-api.ts';
import { PeerPolicy } from '../src/policy/peers.ts';
import { Propagator } from '../src/propagator.ts';
import { mergeAddedBaggage } from '../src/request-baggage.ts';
import { baggage, dottedOrder, linked } from './support/trace.ts';

const TRACE = dottedOrder(2);
const BAGGAGE = linked(TRACE, baggage({ metadata: { a: 1 }, tags: ['t'], project: 'p' }));

interface Call {
  target: string;
  headers: Record<string, HeaderValue>;
}

const carrier: OutgoingCarrier<Call> = {
  seam: 'test',
  destinationKey: () => 'http://127.0.0.1',
  destination: () => ({ host: '127.0.0.1', port: 80, local: false, via: undefined }),
  header: ({ headers }, name) =>
    headers[Object.keys(headers).find((key) => key.toLowerCase() === name) ?? ''],
  method: () => 'GET',
  target: ({ target }) => target,
  size: () => 0,
  write(call, trace, merged) {
    call.headers = {
      ...call.headers,
      'langsmith-trace': trace,
      ...(merged === undefined ? {} : { baggage: merged }),
    };
  },
};

function propagator(options: object = {}): Propagator {
  const config: Config = readConfig({}, options).config;
  const api = createLangSmithAPI({}, () => {});
  return new Propagator(config, new DestinationPolicy(config, api), new PeerPolicy(config.trust), {});
}

function remote(): RemoteRun {
  return new RemoteRun(TRACE, BAGGAGE);
}

function inject(headers: Record<string, HeaderValue>, target = '/'): Record<string, HeaderValue> {
  const call: Call = { target, headers };
  propagator().inject(carrier, call, remote());
  return call.headers;
}

const OWN = dottedOrder();

describe('precedence', () => {
  it.each<[string, Record<string, HeaderValue>]>([
    ['a trace of its own', { 'langsmith-trace': OWN }],
    ['in another case', { 'LangSmith-Trace': OWN, Baggage: 'vendor=1' }],
    ['that is no dotted order', { 'langsmith-trace': 'anything' }],
    ['twice', { 'langsmith-trace': [TRACE, TRACE] }],
    ['the SDK’s own traffic', { 'User-Agent': 'langsmith-js/0.12.0' }],
  ])('%s: the request stays as it is', (_name, headers) => {
    expect(inject({ ...headers })).toEqual(headers);
  });

  it('the trace that was sent here, forwarded as it came, is replaced', () => {
    const stale = `${baggage({ project: 'stale' })},vendor=1`;
    expect(inject({ 'langsmith-trace': TRACE, baggage: stale })).toEqual({
      'langsmith-trace': TRACE,
      baggage: `${BAGGAGE},vendor=1`,
    });
  });

  it('baggage of others alone is not touched where there is nothing to add', () => {
    const call: Call = { target: '/', headers: { Baggage: 'vendor = 1 ; p' } };
    const withoutProject = propagator({ traceInBaggage: false }).read(TRACE, undefined);
    propagator({ traceInBaggage: false }).inject(carrier, call, withoutProject as RemoteRun);
    expect(call.headers).toEqual({ Baggage: 'vendor = 1 ; p', 'langsmith-trace': TRACE });
  });

  it('replaced headers make room for new ones', () => {
    const own = { 'langsmith-trace': TRACE, baggage: BAGGAGE };
    const size = () => 16_384 - 10;
    const call: Call = { target: '/', headers: own };
    propagator().inject({ ...carrier, size }, call, remote());
    expect(call.headers).not.toBe(own);
    expect(call.headers).toEqual(own);
    const bare: Call = { target: '/', headers: {} };
    propagator().inject({ ...carrier, size }, bare, remote());
    expect(bare.headers).toEqual({});
  });

  it('other vendors’ baggage stays, after ours, however often it was given', () => {
    expect(inject({ baggage: ['a=1', 'b=2;p'] })).toMatchObject({ baggage: `${BAGGAGE},a=1,b=2;p` });
  });

  it.each<[string, Record<string, HeaderValue>, string]>([
    [
      'a header',
      { authorization: 'AWS4-HMAC-SHA256 Credential=x, SignedHeaders=baggage;host, Signature=y' },
      '/',
    ],
    ['a query', {}, '/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-SignedHeaders=baggage%3Bhost'],
  ])('baggage that %s signs for AWS is not changed', (_name, headers, target) => {
    const sent = inject({ ...headers, baggage: 'signed=1' }, target);
    expect(sent).toMatchObject({ baggage: 'signed=1', 'langsmith-trace': TRACE });
  });

  it('baggage that AWS has not signed is merged', () => {
    const authorization = 'AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host;x-amz-date, Signature=y';
    expect(inject({ authorization, baggage: 'a=1' })).toMatchObject({ baggage: `${BAGGAGE},a=1` });
  });
});

describe('a fault inside the agent', () => {
  let lines: string[];
  beforeEach(async () => {
    lines = [];
    const fs = process.getBuiltinModule('fs');
    vi.spyOn(fs, 'writeSync').mockImplementation(((_fd: number, line: string) => lines.push(line)) as never);
  });
  afterEach(() => vi.restoreAllMocks());

  it.each(['destinationKey', 'destination', 'header', 'size', 'target', 'write'] as const)(
    'in %s leaves the request as it is, and says so in one line',
    (method) => {
      const faulty = {
        ...carrier,
        seam: `faulty ${method}`,
        [method]: () => {
          throw new Error('on\npurpose');
        },
      };
      const headers = { authorization: 'x', baggage: 'a=1' };
      const call: Call = { target: '/', headers };
      for (let i = 0; i < 3; i++) propagator().inject(faulty, call, remote());
      expect(call.headers).toBe(headers);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/^\[trace-agent\] error: inject \(faulty \w+\) failed, .*on purpose.*\n$/);
    },
  );
});

describe('another agent adds a baggage behind ours', () => {
  const project = baggage({ project: 'p' });
  const tagged = baggage({ tags: ['t'], project: 'p' });
  const added = (vendors: string) => {
    const call: Call = { target: '/', headers: {} };
    const context = remote();
    propagator().inject(carrier, call, context);
    const stale = linked(dottedOrder(), 'langsmith-metadata=%7B%7D');
    expect(mergeAddedBaggage(carrier, call, `${stale},${vendors}`, context)).toBeUndefined();
    expect(call.headers['langsmith-trace']).toBe(TRACE);
    return call.headers['baggage'];
  };
  /** A member of another vendor that leaves this many bytes of 8,192. */
  const leaving = (bytes: number) => `v=${'x'.repeat(8192 - bytes - ',v='.length)}`;

  it.each([
    ['everything', BAGGAGE, BAGGAGE.length],
    ['the trace without metadata', linked(TRACE, tagged), BAGGAGE.length - 1],
    ['tags without the trace', tagged, linked(TRACE, tagged).length - 1],
    ['the project', project, tagged.length - 1],
  ])('%s stays where there is room for it', (_name, ours, bytes) => {
    const vendors = leaving(bytes);
    expect(added(vendors)).toBe(`${ours},${vendors}`);
  });

  it('none of ours stays where there is no room for the project', () => {
    const vendors = leaving(project.length - 1);
    expect(added(vendors)).toBe(vendors);
  });

  it.each([
    [60, BAGGAGE],
    [62, tagged],
    [64, project],
    [65, BAGGAGE],
  ])('it has %i members: they are not brought above 64', (count, ours) => {
    const vendors = Array.from({ length: count }, (_, i) => `v${i}=1`).join(',');
    expect(added(vendors)).toBe(`${ours},${vendors}`);
  });
});
