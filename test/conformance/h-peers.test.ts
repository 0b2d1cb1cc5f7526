import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type App, fixture, root, run, startApp, testNodeMajor } from '../support/app.ts';
import { needPeers, peer } from '../support/peers.ts';
import { baggage, dottedOrder, linked } from '../support/trace.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { ask, baggageOfRun, expectSame, type Subject, startSubject, valuesOf } from './support.ts';

let upstream: Upstream;
/** Where the other agents report to. */
let backend: Upstream;
beforeAll(async () => {
  [upstream, backend] = await Promise.all([startUpstream(), startUpstream()]);
});
afterAll(async () => {
  await Promise.all([upstream?.close(), backend?.close()]);
});

const GROUP = testNodeMajor >= 22 ? 'agents-22' : 'agents-18';
const OURS = ['--require', `${root}/dist/register.cjs`];

interface Peer {
  name: string;
  preload: () => string[];
  env: () => NodeJS.ProcessEnv;
  /** Its own header, by which it propagates. */
  header: string;
}

const PEERS: Peer[] = [
  {
    name: 'OpenTelemetry',
    preload: () => ['--require', `${peer(GROUP, 'otel')}/${otelRegister()}`],
    env: () => ({
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'none',
      OTEL_EXPORTER_OTLP_ENDPOINT: backend.url,
      OTEL_LOG_LEVEL: 'none',
    }),
    header: 'traceparent',
  },
  {
    name: 'dd-trace',
    preload: () => ['--require', `${peer(GROUP, 'dd-trace')}/init.js`],
    env: () => ({
      DD_TRACE_AGENT_URL: backend.url,
      DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
      DD_REMOTE_CONFIGURATION_ENABLED: 'false',
      DD_TRACE_STARTUP_LOGS: 'false',
    }),
    header: 'x-datadog-trace-id',
  },
  {
    name: 'Sentry',
    preload: () => ['--require', fixture('conformance/sentry.cjs')],
    env: () => ({ SENTRY: peer(GROUP, 'sentry'), SENTRY_TO: `${backend.url.replace('//', '//key@')}/1` }),
    header: 'sentry-trace',
  },
];

const otelRegister = () => (GROUP === 'agents-22' ? 'dist/register.cjs' : 'build/src/register.js');

for (const { name, preload, env, header } of PEERS) {
  describe.each(['before', 'after'])(`beside ${name}, preloaded %s ours`, (order) => {
    let app: App;
    beforeEach((test) => needPeers(test, GROUP));
    beforeAll(async () => {
      const nodeOptions = order === 'before' ? [...preload(), ...OURS] : [...OURS, ...preload()];
      const args = [fixture('conformance/h-requires.cjs')];
      app = await startApp(fixture('conformance/host.mjs'), {
        preload: 'none',
        nodeOptions,
        args,
        env: env(),
      });
    });
    // OpenTelemetry keeps a process that is told to end until its reports are sent.
    afterAll(() => app?.process.kill('SIGKILL'));

    for (const form of ['require', 'destructured request', 'fetch']) {
      for (const whose of ['caller’s', 'own'] as const) {
        it(`[H131] both propagate, once each: ${form}, the ${whose} run`, async () => {
          const trace = dottedOrder();
          const inbound = baggage({ metadata: { a: 1 }, project: 'p' });
          const context = whose === 'own' ? { run: true } : { trace, baggage: inbound };
          upstream.arrived.length = 0;
          const answer = await ask(app, form, { url: `${upstream.url}/path` }, context);
          expect(answer.value).toEqual({ status: 200, body: 'ok' });
          expect(upstream.arrived).toHaveLength(1);
          const rawHeaders = upstream.arrived[0]?.rawHeaders ?? [];
          expect(valuesOf(rawHeaders, header)).toHaveLength(1);
          expect(valuesOf(rawHeaders, 'langsmith-trace')).toEqual([answer.run ?? trace]);
          const [members = '', ...others] = valuesOf(rawHeaders, 'baggage');
          expect(others).toEqual([]);
          const ours = members.split(',').filter((member) => member.startsWith('langsmith-'));
          expect(ours.join()).toBe(
            linked(answer.run ?? trace, whose === 'own' ? baggageOfRun(form) : inbound),
          );
          if (name === 'Sentry') expect(members.match(/sentry-trace_id=/g)).toHaveLength(1);
        });
      }
    }
  });
}

describe('clients', () => {
  let subject: Subject;
  beforeAll(async () => {
    subject = await startSubject('h-clients.cjs', { env: { CLIENTS: peer('clients', '') } });
  });
  beforeEach((test) => needPeers(test, 'clients'));
  afterAll(() => subject?.stop());

  const CLIENTS = [
    'axios.get',
    'axios.post',
    'axios(config)',
    'axios.create',
    'axios by fetch',
    'got',
    'got.post',
    'got, retried',
    'superagent',
    'superagent.post',
    'ky',
    'ky.post',
    'node-fetch 2',
    'node-fetch 3',
    'ws',
  ];
  it.each(CLIENTS)('[H132] %s', async (name) => {
    // Random in each request.
    const ignore = ['sec-websocket-key'];
    const compared = await expectSame(subject, upstream, name, { url: `${upstream.url}/path` }, { ignore });
    expect(compared.thrown).toBeUndefined();
    expect(compared.relayed).toHaveLength(name === 'got, retried' ? 3 : 1);
  });
});

describe('16 callers that share two sockets', () => {
  beforeEach((test) => {
    needPeers(test, 'clients');
    needPeers(test, 'queues');
  });

  it('[H132] agents and clients: each request arrives, and each listener runs, with its own trace', async () => {
    const CALLER = dottedOrder();
    const { code, stdout, stderr } = await run([fixture('conformance/shared-sockets.cjs')], {
      nodeOptions: ['--no-warnings'],
      env: {
        CALLER,
        CLIENTS: peer('clients', ''),
        QUEUES: peer('queues', ''),
        NODE_TLS_REJECT_UNAUTHORIZED: '0',
      },
    });
    expect(code, stderr).toBe(0);
    const notes: { library: string; event: string; wanted: string; trace: string }[] = JSON.parse(stdout);
    expect(notes.filter(({ wanted, trace }) => wanted !== trace)).toEqual([]);
    const countOf = (library: string, event: string) =>
      notes.filter((note) => note.library === library && note.event === event).length;
    for (const [library, ...events] of SHARED) {
      if (testNodeMajor >= 26 && library.startsWith('tunnel')) continue;
      for (const event of ['arrived', ...events]) {
        expect(countOf(library, event), `${library}: ${event}`).toBeGreaterThanOrEqual(16);
      }
    }
  });
});

const OF_REQUESTS = [
  'socket',
  'finish',
  'end callback',
  'response data',
  'response end',
  'response close',
  'close',
];
const SHARED: [library: string, ...events: string[]][] = [
  ['agentkeepalive http', ...OF_REQUESTS, 'error'],
  ['agentkeepalive https', ...OF_REQUESTS, 'error'],
  ['http-proxy-agent http', ...OF_REQUESTS],
  ['https-proxy-agent https', ...OF_REQUESTS],
  ['proxy-agent http', ...OF_REQUESTS],
  ['proxy-agent https', ...OF_REQUESTS],
  ['tunnel http', ...OF_REQUESTS],
  ['tunnel https', ...OF_REQUESTS],
  ['got, retried', 'beforeRetry'],
  ['axios stream', 'data', 'end', 'close'],
  ['axios, cancelled', 'cancelled'],
  ['ws', 'upgrade', 'open', 'message', 'close', 'sent'],
];
