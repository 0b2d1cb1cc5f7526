import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Collector, startCollector } from '../../src/collector/index.ts';
import { type App, type AppOptions, fixture, startApp } from '../support/app.ts';
import { pairs, valuesOf } from '../support/raw-headers.ts';
import { baggage, dottedOrder, linked } from '../support/trace.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const captureFirst = ['--require', fixture('preload/capture-first.cjs')];

interface Variant {
  name: string;
  modules: 'esm' | 'cjs';
  options: AppOptions;
}
const variants: Variant[] = [
  { name: 'ESM by --import', modules: 'esm', options: { preload: 'import' } },
  { name: 'ESM by --require', modules: 'esm', options: { preload: 'require' } },
  {
    name: 'CommonJS by --require',
    modules: 'cjs',
    options: { preload: 'require', nodeOptions: captureFirst },
  },
  { name: 'CommonJS by --import', modules: 'cjs', options: { preload: 'import', nodeOptions: captureFirst } },
  { name: 'both at once', modules: 'cjs', options: { preload: 'both', nodeOptions: captureFirst } },
];

/** Names only: the tests are listed before any process runs. */
const [esm, cjs] = await Promise.all([
  import('../../fixtures/apps/call-forms.mjs' as string),
  import('../../fixtures/apps/call-forms.cjs' as string),
]);
const CAPTURED = ['captured http.request', 'captured http.get', 'captured fetch', 'captured ClientRequest'];

describe.each(variants)('requests out, $name', ({ modules, options }) => {
  let app: App;
  let upstream: Upstream;
  let secure: Upstream;
  let collector: Collector;

  beforeAll(async () => {
    collector = await startCollector();
    [upstream, secure] = await Promise.all([startUpstream(), startUpstream({ tls: true })]);
    app = await startApp(fixture('apps/caller.mjs'), {
      ...options,
      env: {
        MODULES: modules,
        LANGSMITH_TRACING: 'true',
        LANGSMITH_ENDPOINT: collector.url,
        LANGSMITH_API_KEY: 'test',
      },
    });
  });
  afterAll(async () => {
    await app?.stop();
    await Promise.all([upstream?.close(), secure?.close(), collector?.close()]);
  });

  /** Has the application call, and returns what it answered and what arrived upstream. */
  async function call(
    form: string,
    to: Upstream,
    extra: { run?: boolean; headers?: Record<string, string> },
  ) {
    to.arrived.length = 0;
    const query = new URLSearchParams({ form, to: `${to.url}/slow`, ...(extra.run ? { run: '1' } : {}) });
    const response = await fetch(`${app.url}/?${query}`, { headers: extra.headers ?? {} });
    const body = await response.text();
    expect(response.status, body).toBe(200);
    expect(to.arrived.length).toBeGreaterThan(0);
    return { body, arrived: [...to.arrived] };
  }

  const { forms, httpsForms } = modules === 'esm' ? esm : cjs.default;
  const names = Object.keys(forms).concat(modules === 'cjs' ? CAPTURED : []);
  const all = [...names.map((name) => [name, false]), ...Object.keys(httpsForms).map((name) => [name, true])];

  it.each(all as [string, boolean][])('%s', async (form, tls) => {
    const to = tls ? secure : upstream;

    const untraced = await call(form, to, {});
    for (const { headers } of untraced.arrived) {
      expect(headers).not.toHaveProperty('langsmith-trace');
      expect(headers).not.toHaveProperty('baggage');
    }

    const trace = dottedOrder(2);
    const own = baggage({ metadata: { caller: 'ü' }, tags: ['a', 'b'], project: 'callers' });
    const relayed = await call(form, to, { headers: { 'langsmith-trace': trace, baggage: own } });
    for (const { rawHeaders } of relayed.arrived) {
      expect(valuesOf(rawHeaders, 'langsmith-trace')).toEqual([trace]);
      expect(valuesOf(rawHeaders, 'baggage')).toEqual([linked(trace, own)]);
    }

    const traced = await call(form, to, { run: true });
    const metadata = { form };
    for (const { rawHeaders } of traced.arrived) {
      expect(valuesOf(rawHeaders, 'langsmith-trace')).toEqual([traced.body]);
      expect(valuesOf(rawHeaders, 'baggage')).toEqual([
        linked(traced.body, baggage({ metadata, tags: ['caller'], project: 'callers' })),
      ]);
    }

    // The same call, but for our headers.
    const others = (headers: string[]) =>
      pairs(headers).filter(([name]) => !isOurs(name) && !isIncidental(name));
    for (const arrived of [...relayed.arrived, ...traced.arrived]) {
      expect(others(arrived.rawHeaders)).toEqual(others(untraced.arrived[0]?.rawHeaders ?? []));
      expect(arrived.body).toBe(untraced.arrived[0]?.body);
    }
  });

  it('sends the SDK nothing', () => {
    expect(collector.requests().length).toBeGreaterThan(0);
    for (const { headers } of collector.requests()) {
      expect(headers).not.toHaveProperty('langsmith-trace');
      expect(headers).not.toHaveProperty('baggage');
    }
  });

  it('prints nothing', () => {
    expect(app.stderr()).toBe('');
  });
});

function isOurs(name: string): boolean {
  return ['langsmith-trace', 'baggage'].includes(name.toLowerCase());
}

/** Differ from one call to the next by themselves. */
function isIncidental(name: string): boolean {
  return ['date', 'connection'].includes(name.toLowerCase());
}
