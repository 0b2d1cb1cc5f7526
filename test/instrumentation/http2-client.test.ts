import { sensitiveHeaders } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, fixture, startApp, testNodeMajor } from '../support/app.ts';
import { type HTTP2Upstream, startHTTP2Upstream } from '../support/http2-upstream.ts';
import { pairs, valuesOf } from '../support/raw-headers.ts';
import { baggage, dottedOrder, linked } from '../support/trace.ts';

interface Forms {
  session: object;
  libraries: object;
  tls: object;
}
const forms: Forms = await import('../../fixtures/apps/http2-forms.mjs' as string);

/** What a form shows of the conformance list. */
const NUMBERS: Record<string, string> = {
  'an object': '[E83] ',
  'no headers': '[E84] ',
  'a frozen object': '[E85] ',
  'a flat array': '[E86] ',
  'the authority as a URL': '[E87] ',
  getBuiltinModule: '[H127] ',
  'undici, allowH2': '[D81] ',
};

/** got 14 and undici 7 need Node 20; arrays of headers came with Node 22. */
function runsHere(form: string): boolean {
  if (form.startsWith('a flat array')) return testNodeMajor >= 22;
  return testNodeMajor >= 20 || !/^(got|undici)/.test(form);
}

/** Node 18 itself warns of TLS to an IP address (DEP0123). */
const WITHOUT_DEPRECATIONS = testNodeMajor === 18 ? ['--no-deprecation'] : [];
const CAPTURE = ['--require', fixture('preload/capture-http2.cjs')];
const variants = [
  { name: 'by --import', options: { preload: 'import' as const, nodeOptions: WITHOUT_DEPRECATIONS } },
  {
    name: 'by --require, after http2 was captured',
    options: {
      preload: 'require' as const,
      nodeOptions: [...WITHOUT_DEPRECATIONS, ...CAPTURE],
    },
  },
];

describe.each(variants)('HTTP/2 requests out, $name', ({ options }) => {
  let app: App;
  let clear: HTTP2Upstream;
  let secure: HTTP2Upstream;
  beforeAll(async () => {
    [clear, secure] = await Promise.all([startHTTP2Upstream(), startHTTP2Upstream({ tls: true })]);
    app = await startApp(fixture('apps/http2-caller.mjs'), options);
  });
  afterAll(async () => {
    await app?.stop();
    await Promise.all([clear?.close(), secure?.close()]);
  });

  async function call(form: string, to: HTTP2Upstream, headers: Record<string, string>) {
    to.arrived.length = 0;
    // `session.request()` asks for `/`.
    const path = form === 'no headers' ? '/' : '/a?b=c';
    const query = new URLSearchParams({ form, to: `${to.url}${path}` });
    const response = await fetch(`${app.url}/?${query}`, { headers });
    expect(response.status, await response.text()).toBe(200);
    expect(to.arrived).toHaveLength(1);
    const arrived = to.arrived[0];
    if (arrived === undefined) throw new Error('unreachable');
    expect(arrived.headers[':path']).toBe(path);
    return arrived;
  }

  const all = [
    ...Object.keys({ ...forms.session, ...forms.libraries }).map((form) => ({ form, isTLS: false })),
    ...Object.keys(forms.tls).map((form) => ({ form, isTLS: true })),
  ].map((each) => ({ ...each, title: `${NUMBERS[each.form] ?? ''}${each.form}` }));

  it.each(all.filter(({ form }) => runsHere(form)))('$title', async ({ form, isTLS }) => {
    const to = isTLS ? secure : clear;
    const untraced = await call(form, to, {});
    expect(untraced.headers).not.toHaveProperty('langsmith-trace');
    expect(untraced.headers).not.toHaveProperty('baggage');

    const trace = dottedOrder(2);
    const own = baggage({ metadata: { caller: 'ü' }, tags: ['a', 'b'], project: 'callers' });
    const relayed = await call(form, to, { 'langsmith-trace': trace, baggage: own });
    expect(valuesOf(relayed.rawHeaders, 'langsmith-trace')).toEqual([trace]);
    expect(valuesOf(relayed.rawHeaders, 'baggage')).toEqual([linked(trace, own)]);

    // The same call, but for our headers.
    expect(others(relayed.rawHeaders)).toEqual(others(untraced.rawHeaders));
    expect(sensitiveIn(relayed.headers)).toEqual(sensitiveIn(untraced.headers));
    expect(relayed.body).toBe(untraced.body);
  });

  it('prints nothing', () => {
    expect(app.stderr()).toBe('');
  });
});

function others(rawHeaders: string[]): [string, string][] {
  return pairs(rawHeaders).filter(([name]) => name !== 'langsmith-trace' && name !== 'baggage');
}

/** The type of headers has no symbols. */
function sensitiveIn(headers: object): unknown {
  return (headers as Record<symbol, unknown>)[sensitiveHeaders];
}
