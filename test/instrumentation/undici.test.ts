import { describe, expect, it } from 'vitest';
import { fixture, run, startApp } from '../support/app.ts';
import { skipAll } from '../support/skip.ts';
import { baggage, dottedOrder, linked } from '../support/trace.ts';
import { UNDICI_7, UNDICI_8 } from '../support/undici.ts';
import { startUpstream } from '../support/upstream.ts';

describe.each([UNDICI_7, UNDICI_8])('$name', ({ nodeOptions, whyNot }) => {
  skipAll(whyNot);

  it('options of a dispatch stay the application’s own: private members, hidden properties, identity', async () => {
    const args = [fixture('apps/undici-options.mjs')];
    const withAgent = await run(args, { nodeOptions });
    expect(withAgent).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/'complete', 'complete', 'complete'[\s\S]*same options true/),
    });
    expect(withAgent).toEqual(await run(args, { nodeOptions, preload: 'none' }));
  });

  it('policy is applied to the name of a destination that an interceptor resolves', async () => {
    const trace = dottedOrder();
    const bare = baggage({ project: 'p' });
    const full = baggage({ metadata: { user: 'someone' }, project: 'p' });
    const hosts = [
      'orders.internal',
      'partner.example.com',
      'refused.example.com',
      'api.smith.langchain.com',
    ];
    const result = await run([fixture('apps/undici-dns.mjs'), trace, full, ...hosts], {
      nodeOptions,
      env: { TRACE_AGENT_PROPAGATE_TO: '*,!refused.example.com' },
    });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout.trim().split('\n')).toEqual([
      `orders.internal ${trace} ${linked(trace, full)}`,
      `partner.example.com ${trace} ${bare}`,
      'refused.example.com null null',
      'api.smith.langchain.com null null',
    ]);
  });

  it('events of an upgraded connection run in the context of the upgrade, not of the request that opened it', async () => {
    const [opener, upgrader] = [dottedOrder(), dottedOrder()];
    const result = await run([fixture('apps/undici-upgrade.mjs'), opener, upgrader], { nodeOptions });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    const told = { connections: 1, data: upgrader, end: upgrader, close: upgrader };
    expect(JSON.parse(result.stdout)).toEqual(told);
  });

  it('handlers and channel subscribers of a request run in its context', async () => {
    const [opener, handled, published] = [dottedOrder(), dottedOrder(), dottedOrder()];
    const result = await run([fixture('apps/undici-told.mjs'), opener, handled, published], { nodeOptions });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(result.stdout)).toEqual({
      '/from-onRequestSent': [handled],
      '/from-onBodySent': [handled],
      '/from-onResponseStarted': [handled],
      '/from-undici:request:bodySent': [published],
      '/from-undici:request:bodyChunkSent': [published],
    });
  });

  it('policy is applied again to a redirect; a proxy’s tunnel gets nothing, and its target gets its own headers', async () => {
    const trace = dottedOrder();
    const full = baggage({ metadata: { user: 'someone' }, project: 'p' });
    const bare = baggage({ project: 'p' });
    const result = await run([fixture('apps/undici-ways.mjs'), trace, full], {
      nodeOptions,
      env: { TRACE_AGENT_PROPAGATE_TO: '*,!localhost' },
    });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    const nothing = [null, null];
    expect(JSON.parse(result.stdout)).toEqual({
      '127.0.0.1/to-localhost': [trace, linked(trace, full)],
      'localhost/redirected': nothing,
      'localhost/to-address': nothing,
      '127.0.0.1/redirected': [trace, linked(trace, full)],
      CONNECT: nothing,
      'partner.example.com/': [trace, bare],
      '127.0.0.1/proxied': [trace, linked(trace, full)],
      // undici does not say that it goes to a socket: it is decided on the name.
      'unix socket, localhost': nothing,
      'unix socket, partner.example.com': [trace, bare],
    });
  });
});

it.each(['call-sites', 'no-stacks'])(
  'the global fetch carries the trace, whatever the application makes of stacks: %s',
  async (preload) => {
    const upstream = await startUpstream();
    const app = await startApp(fixture('apps/caller.mjs'), {
      nodeOptions: ['--require', fixture(`preload/${preload}.cjs`)],
      env: { MODULES: 'cjs' },
    });
    const traces = [dottedOrder(), dottedOrder(), dottedOrder()];
    for (const trace of traces) {
      const query = new URLSearchParams({ form: 'fetch', to: upstream.url });
      await (await fetch(`${app.url}/?${query}`, { headers: { 'langsmith-trace': trace } })).text();
    }
    expect(upstream.arrived.map(({ headers }) => headers['langsmith-trace'])).toEqual(traces);
    expect(app.stderr()).toBe('');
    await app.stop();
    await upstream.close();
  },
);
