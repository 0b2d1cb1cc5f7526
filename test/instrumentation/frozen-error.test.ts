import { afterAll, beforeAll, expect, it } from 'vitest';
import { run, testNodeMajor } from '../support/app.ts';
import { dottedOrder } from '../support/trace.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

let upstream: Upstream;
beforeAll(async () => {
  upstream = await startUpstream();
});
afterAll(() => upstream.close());

const call = (trace: string) => `
  const { continueTrace } = require('@org/trace-agent');
  continueTrace({ 'langsmith-trace': '${trace}' }, () => fetch('${upstream.url}').then((answer) => answer.text()));`;

it.each<[string, string, string[]]>([
  ['that is frozen', 'Object.freeze(Error);', []],
  [
    'that is frozen with what Node may have put on it',
    'Error.stackTraceLimit = 3; Object.freeze(Error);',
    [],
  ],
  ['that cannot be extended', 'Object.preventExtensions(Error);', []],
  ['that is sealed', 'Object.seal(Error);', []],
  ...(testNodeMajor < 22
    ? []
    : ([['under --frozen-intrinsics', '', ['--frozen-intrinsics', '--no-warnings']]] as [
        string,
        string,
        string[],
      ][])),
])('fetch carries its trace and nothing is logged with an Error %s', async (_name, freeze, nodeOptions) => {
  const trace = dottedOrder();
  upstream.arrived.length = 0;
  const result = await run(['-e', `${freeze}${call(trace)}`], { nodeOptions });
  expect(result).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(upstream.arrived.map(({ headers }) => headers['langsmith-trace'])).toEqual([trace]);
});
