import { expect, it } from 'vitest';
import { fixture, run, testNodeMajor } from '../support/app.ts';

type Told = Record<string, string>;

async function told(env: NodeJS.ProcessEnv): Promise<Told> {
  const preload = env['LIST'] === undefined ? 'import' : 'none';
  const result = await run([fixture('apps/host-names.cjs')], { preload, env });
  expect(result).toMatchObject({ code: 0, stderr: '' });
  const calls = JSON.parse(result.stdout) as Told;
  // undici 7 needs Node 20.
  expect(Object.keys(calls)).toHaveLength(testNodeMajor < 20 ? 17 : 20);
  return calls;
}

const namesOther = (call: string) => !/no name|own|default port/.test(call);

it('an outside host gets no metadata, under any name that the request gives it', async () => {
  for (const [call, got] of Object.entries(await told({}))) {
    // What listens on a unix socket is on this machine.
    const isOutside = namesOther(call) && call !== 'http, name over a unix socket';
    expect([call, got]).toEqual([call, isOutside ? 'trace' : 'everything']);
  }
});

it.each([
  ['TRACE_AGENT_PROPAGATE_TO', 'nothing'],
  ['TRACE_AGENT_SHARE_METADATA_WITH', 'trace'],
])('an exception in %s holds for every name by which a request names its host', async (name, rest) => {
  for (const [call, got] of Object.entries(await told({ [name]: '*,!api.example.com' }))) {
    expect([call, got]).toEqual([call, namesOther(call) ? rest : 'everything']);
  }
});

it('an exception by port holds for the port that is connected to, whatever port Host names or does not', async () => {
  const calls = await told({ LIST: '*,!svc:PORT,!127.0.0.1:PORT' });
  for (const [call, got] of Object.entries(calls)) {
    const isElsewhere = /http2|name over a unix/.test(call);
    if (!isElsewhere) expect([call, got]).toEqual([call, 'nothing']);
  }
});

it.runIf(testNodeMajor >= 20)('a decision for one kind of client does not affect another', async () => {
  const env = { LIST: '*,!svc:PORT', EXCEPTED: 'api' };
  expect(await told({ ...env, FIRST: '1' })).toEqual(await told(env));
  expect(await told({ ...env, FIRST: '1' })).toMatchObject({
    'http, name': 'nothing',
    'undici, name': 'nothing',
  });
});
