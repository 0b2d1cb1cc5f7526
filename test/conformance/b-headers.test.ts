import { createRequire } from 'node:module';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fixture } from '../support/app.ts';
import { baggage, dottedOrder, linked } from '../support/trace.ts';
import { type Arrived, startUpstream, type Upstream } from '../support/upstream.ts';
import {
  ask,
  type Compared,
  type Expected,
  expectSame,
  pairs,
  type Subject,
  startSubject,
  valuesOf,
} from './support.ts';

const { verify } = createRequire(import.meta.url)(fixture('conformance/aws-signature.cjs')) as {
  verify(arrived: Arrived): boolean;
};

let subject: Subject;
let upstream: Upstream;
beforeAll(async () => {
  [subject, upstream] = await Promise.all([startSubject('b-headers.cjs'), startUpstream()]);
});
afterAll(async () => {
  await subject?.stop(/the headers of a run are larger than/);
  await upstream?.close();
});

const url = () => `${upstream.url}/path`;

/** The name of the upstream cannot be known when the tests are listed. */
const HOST = 'HOST';
const withHost = (args: object): object =>
  JSON.parse(
    JSON.stringify({ url: url(), ...args }).replaceAll(`"${HOST}"`, JSON.stringify(new URL(url()).host)),
  );

async function same(name: string, args: object = {}, expected: Expected = {}): Promise<Compared> {
  const compared = await expectSame(subject, upstream, name, withHost(args), expected);
  expect(compared.thrown).toBeUndefined();
  expect(compared.plain.length).toBeGreaterThan(0);
  return compared;
}

/** What arrives of a case done by the application under the agent, in a context of the test's. */
async function arrivedOf(name: string, args: object, context: Parameters<typeof ask>[3]) {
  upstream.arrived.length = 0;
  const answer = await ask(subject.withAgent, name, withHost(args), context);
  expect(answer.thrown).toBeUndefined();
  expect(upstream.arrived.length).toBeGreaterThan(0);
  return { answer, arrived: [...upstream.arrived] };
}

/** Headers in each of the shapes that node:http takes. */
function shapes(headers: [string, string][]): [string, unknown][] {
  const host: [string, string] = ['Host', HOST];
  return [
    ['object', Object.fromEntries(headers)],
    ['flat array', [host, ...headers].flat()],
    ['pairs', [host, ...headers]],
  ];
}

it('[B23] an object', async () => {
  await same('object');
});

it.each(['flat array', 'flat array of buffers and numbers'])('[B24] a %s stays intact', async (name) => {
  const { relayed } = await same(name);
  expect(relayed[0]?.rawHeaders.slice(0, 4)).toEqual([
    'Host',
    expect.any(String),
    expect.any(String),
    expect.any(String),
  ]);
});

it('[B25] an array of pairs stays intact', async () => {
  const { relayed } = await same('pairs');
  expect(valuesOf(relayed[0]?.rawHeaders ?? [], 'x-own')).toEqual(['1', '2']);
});

it.each(['Headers', 'Map', 'setHeaders of Headers', 'setHeaders of a Map'])('[B26] %s', async (name) => {
  await same(name);
});

it('[B27] the caller’s object is not changed', async () => {
  const { value } = await same('the caller’s objects');
  for (const { before, after, same } of value as { before: unknown; after: unknown; same: boolean }[]) {
    expect(after).toEqual(before);
    expect(same).toBe(true);
  }
});

it.each(['frozen', 'frozen array', 'frozen pairs'])('[B28] %s options and headers', async (name) => {
  await same(name);
});

it.each(
  shapes([
    ['Expect', '100-continue'],
    ['Transfer-Encoding', 'chunked'],
  ]),
)('[B29] Expect: 100-continue, %s', async (_shape, headers) => {
  const { relayed } = await same('Expect', { headers });
  expect(relayed[0]?.body).toBe('body');
});

const OWN = dottedOrder();
const CASES = { B30: ['langsmith-trace', 'baggage'], B31: ['LangSmith-TRACE', 'Baggage'] };

for (const [line, [traceName = '', baggageName = '']] of Object.entries(CASES)) {
  const headers: [string, string][] = [
    [traceName, OWN],
    [baggageName, 'own=1'],
  ];
  it.each(shapes(headers))(`[${line}] the user’s header wins: ${traceName}, %s`, async (_shape, given) => {
    for (const context of [{ run: true }, { trace: dottedOrder(), baggage: baggage({ project: 'p' }) }]) {
      const { arrived } = await arrivedOf('as given', { headers: given }, context);
      const ours = pairs(arrived[0]?.rawHeaders ?? []).filter(([name]) =>
        /^(langsmith-trace|baggage)$/i.test(name),
      );
      expect(ours).toEqual(headers);
    }
  });
}

it.each(['later setHeader', 'later setHeader, other request'])('[B32] a %s wins', async (name) => {
  const { arrived } = await arrivedOf(name, { name: 'LangSmith-Trace', value: OWN }, { run: true });
  expect(valuesOf(arrived[0]?.rawHeaders ?? [], 'langsmith-trace')).toEqual([OWN]);
  expect(valuesOf(arrived[0]?.rawHeaders ?? [], 'baggage')).toEqual([]);
});

it.each(['later setHeader', 'later setHeader, other request'])(
  '[B32] a %s of baggage is merged',
  async (name) => {
    await same(name, { name: 'Baggage', value: 'vendor=1' }, { ownBaggage: 'vendor=1' });
  },
);

it('[B32] a later removeHeader is no obstacle', async () => {
  await same('later removeHeader');
});

it.each(shapes([['baggage', 'vendor=1;p=2, other=3']]))(
  '[B33] baggage merges with other vendors’, %s',
  async (_shape, headers) => {
    await same('as given', { headers }, { ownBaggage: 'vendor=1;p=2, other=3' });
  },
);

it.each(shapes([['Baggage', 'langsmith-project=old,vendor=1']]))(
  '[B33] LangSmith’s members of an older baggage give way, %s',
  async (_shape, headers) => {
    const trace = dottedOrder();
    const { arrived } = await arrivedOf('as given', { headers }, { trace, baggage: 'langsmith-project=new' });
    expect(valuesOf(arrived[0]?.rawHeaders ?? [], 'baggage')).toEqual([
      linked(trace, 'langsmith-project=new,vendor=1'),
    ]);
  },
);

it.each(['object', 'flat array', 'pairs'])('[B34] no name twice in rawHeaders, %s', async (shape) => {
  const trace = dottedOrder();
  const own = 'langsmith-project=p';
  // Forwarded as they came, in any case.
  for (const [traceName, baggageName] of [
    ['langsmith-trace', 'baggage'],
    ['Langsmith-Trace', 'BAGGAGE'],
  ] as const) {
    const headers = shapes([
      [traceName, trace],
      [baggageName, own],
      ['X-Own', '1'],
    ]).find(([name]) => name === shape)?.[1];
    for (const run of [false, true]) {
      const { arrived, answer } = await arrivedOf('as given', { headers }, { trace, baggage: own, run });
      const names = pairs(arrived[0]?.rawHeaders ?? []).map(([name]) => name.toLowerCase());
      expect(names).toEqual([...new Set(names)]);
      expect(valuesOf(arrived[0]?.rawHeaders ?? [], 'langsmith-trace')).toEqual([run ? answer.run : trace]);
    }
  }
});

it.each(
  shapes([
    ['X-A', 'langsmith-trace'],
    ['X-B', 'baggage'],
    ['X-C', 'Host'],
  ]),
)('[B35] a value is never mistaken for a name, %s', async (_shape, headers) => {
  const { relayed } = await same('as given', { headers });
  expect(relayed[0]?.headers).toMatchObject({ 'x-a': 'langsmith-trace', 'x-b': 'baggage', 'x-c': 'Host' });
});

it('[B139] the trace stands in baggage too, before the other members, and once', async () => {
  const trace = dottedOrder();
  for (const run of [false, true]) {
    const stale = `${linked(dottedOrder(), 'langsmith-project=old')},vendor=1`;
    const headers = { 'langsmith-trace': trace, Baggage: stale };
    const inbound = { trace, baggage: 'langsmith-project=p', run };
    const { arrived, answer } = await arrivedOf('as given', { headers }, inbound);
    const [sent = '', ...others] = valuesOf(arrived[0]?.rawHeaders ?? [], 'baggage');
    expect(others).toEqual([]);
    expect(sent).toMatch(/,vendor=1$/);
    expect(sent.match(/langsmith-trace=[^,]*/g)).toEqual([linked(answer.run ?? trace)]);
    expect(sent.startsWith('langsmith-trace=')).toBe(true);
  }
});

it('[B36] an invalid value of the application’s throws Node’s own error', async () => {
  const { value } = await expectSame(subject, undefined, 'invalid of its own', { url: url() });
  expect(
    JSON.stringify(value).match(/ERR_INVALID_CHAR|ERR_HTTP_INVALID_HEADER_VALUE/g)?.length,
  ).toBeGreaterThanOrEqual(4);
});

it('[B36] a run that no header can hold is no error', async () => {
  const { arrived, answer } = await arrivedOf('unsendable run', {}, { run: true });
  expect(answer.value).toMatchObject({ status: 200 });
  const rawHeaders = arrived[0]?.rawHeaders ?? [];
  expect(valuesOf(rawHeaders, 'langsmith-trace')).toEqual([answer.run]);
  const [members = ''] = valuesOf(rawHeaders, 'baggage');
  expect(members).toMatch(/^[\x21-\x7e]+$/);
  const metadata = JSON.parse(decodeURIComponent(/langsmith-metadata=([^,]*)/.exec(members)?.[1] ?? ''));
  expect(metadata).toMatchObject({
    lone: '\ud800',
    control: 'a\r\nb\u0000',
    text: 'ü ☃ 😀',
    quote: '"\\%,;=',
  });
});

it.each([
  '%',
  '%zz',
  'langsmith-metadata=%7B',
  'langsmith-metadata=%E0%A4%A,langsmith-project=p',
  ',,,=',
  'é=ü',
])('[B36] nor is a baggage that arrives as %s', async (own) => {
  const trace = dottedOrder();
  const { arrived } = await arrivedOf('as given', { headers: {} }, { trace, baggage: own });
  const rawHeaders = arrived[0]?.rawHeaders ?? [];
  expect(valuesOf(rawHeaders, 'langsmith-trace')).toEqual([trace]);
  const relayed = own.includes('project') ? [linked(trace, 'langsmith-project=p')] : [];
  expect(valuesOf(rawHeaders, 'baggage')).toEqual(relayed);
});

it.each([
  ['all fits', 100, 100, ['trace', 'metadata', 'tags', 'project']],
  ['metadata goes first', 9000, 100, ['trace', 'tags', 'project']],
  ['then the trace in baggage', 100, 8030, ['tags', 'project']],
  ['then tags', 9000, 9000, ['project']],
])('[B37] the size cap: %s', async (_name, metadata, tags, members) => {
  const { arrived, answer } = await arrivedOf('large run', { metadata, tags }, { run: true });
  const rawHeaders = arrived[0]?.rawHeaders ?? [];
  expect(valuesOf(rawHeaders, 'langsmith-trace')).toEqual([answer.run]);
  const [sent = ''] = valuesOf(rawHeaders, 'baggage');
  expect(sent.split(',').map((member) => member.split('=')[0])).toEqual(
    members.map((name) => `langsmith-${name}`),
  );
  expect(`langsmith-trace: ${answer.run}\r\nbaggage: ${sent}\r\n`.length).toBeLessThanOrEqual(8192);
});

it.each([
  ['B38', 'AWS header'],
  ['B39', 'AWS query'],
])('[%s] an %s signature verifies', async (_line, name) => {
  const compared = await same(name);
  for (const arrived of [...compared.plain, ...compared.relayed, ...compared.traced])
    expect(verify(arrived)).toBe(true);
});

it.each([
  ['B38', 'AWS header'],
  ['B39', 'AWS query'],
])('[%s] with a signed baggage the %s does too', async (_line, name) => {
  for (const context of [{ run: true }, { trace: dottedOrder(), baggage: 'langsmith-project=p' }]) {
    const { arrived, answer } = await arrivedOf(name, { baggage: 'vendor=1' }, context);
    for (const one of arrived) expect(verify(one)).toBe(true);
    expect(valuesOf(arrived[0]?.rawHeaders ?? [], 'baggage')).toEqual(['vendor=1']);
    expect(valuesOf(arrived[0]?.rawHeaders ?? [], 'langsmith-trace')).toEqual([context.trace ?? answer.run]);
  }
});

it.each([undefined, 'vendor=1'])('[B40] a signed retry after 503 still verifies, baggage %s', async (own) => {
  upstream.arrived.length = 0;
  const args = { url: `${upstream.url}/flaky`, baggage: own };
  const { value } = await ask(subject.withAgent, 'AWS retry', args, { run: true });
  expect(value).toMatchObject({ statuses: [503, 503, 200] });
  expect(JSON.stringify(value)).not.toContain('langsmith');
  expect(upstream.arrived).toHaveLength(3);
  for (const arrived of upstream.arrived) {
    expect(verify(arrived)).toBe(true);
    expect(arrived.headers.authorization).not.toContain('langsmith');
    expect(valuesOf(arrived.rawHeaders, 'langsmith-trace')).toHaveLength(1);
  }
});
