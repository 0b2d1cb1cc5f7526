/** A slice of `npm run test:hops`, with what the tests need anyway. */
import { expect, it } from 'vitest';
import { fixture, root, run, testNodeMajor } from '../support/app.ts';

type Read = [host: string, got: string, replicas: boolean][];

async function read(kind: string, name: string, scheme: string, env: NodeJS.ProcessEnv): Promise<Read> {
  const args = [fixture('hops/hops.cjs'), kind, name, scheme, root];
  const nodeOptions = ['--dns-result-order=ipv4first', '--no-warnings'];
  const { stdout, stderr, code } = await run(args, {
    nodeOptions,
    env: { TRACE_AGENT_PROPAGATE_TO: '*,!localhost', NODE_TLS_REJECT_UNAUTHORIZED: '0', ...env },
  });
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Read;
}

const RUN = {
  RUN: '1',
  LANGSMITH_TRACING: 'true',
  LANGSMITH_API_KEY: 'any',
  LANGSMITH_ENDPOINT: 'http://127.0.0.9:9',
};
const inside = ['127.0.0.1', 'everything', false];
const outside = ['localhost', 'nothing', false];

it.each([
  ['by hand, with getHeaders()', 'http', {}],
  ['by hand, with getHeaders()', 'https', RUN],
  ['axios', 'http', RUN],
])(
  'policy is applied to each hop of a redirect from inside to outside and back, %s, %s',
  async (name, scheme, env) => {
    expect(await read('redirecting', name, scheme, env)).toEqual([inside, outside, inside]);
  },
);

it.each([{}, RUN])('policy is applied again to a header that is written again for a proxy', async (env) => {
  const proxy = ['proxy', 'nothing', false];
  const told = await read('proxying', 'by hand, header written again', 'http', env);
  expect(told).toEqual([proxy, ['127.0.0.1', 'nothing', false], proxy, outside]);
});

it.runIf(testNodeMajor >= 20)(
  'a proxy’s tunnel carries no trace, and its target gets what policy grants',
  async () => {
    const tunnel = ['proxy, CONNECT', 'nothing', false];
    expect(await read('proxying', 'undici, ProxyAgent', 'https', {})).toEqual([
      tunnel,
      inside,
      tunnel,
      outside,
    ]);
  },
);
