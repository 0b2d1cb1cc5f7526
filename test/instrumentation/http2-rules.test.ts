import { expect, it } from 'vitest';
import { fixture, run } from '../support/app.ts';
import { dottedOrder, linked } from '../support/trace.ts';

it('[E88] what the application sets wins; connection and authority must both be allowed what is sent', async () => {
  const trace = dottedOrder();
  const result = await run([fixture('apps/http2-rules.cjs'), trace]);
  const ours = `langsmith-trace: ${trace}`;
  const members = 'langsmith-metadata=%7B%22a%22%3A1%7D,langsmith-project=p';
  const everything = [ours, `baggage: ${linked(trace, members)}`];
  const traceAndProject = [ours, 'baggage: langsmith-project=p'];
  expect(JSON.parse(result.stdout || result.stderr)).toEqual({
    'nothing of its own': everything,
    'a trace of its own': ['langsmith-trace: own', 'baggage: own=1'],
    'the one it was sent': everything,
    'baggage of others': [ours, `${everything[1]},vendor=1;p=2, other=3`],
    'several baggages': [ours, `${everything[1]},vendor=1,other=2`],
    'no room': [],
    'the SDK': [],
    CONNECT: [],
    'the same authority': everything,
    'the same host': everything,
    'an authority outside': traceAndProject,
    'a host outside': traceAndProject,
    'LangSmith as authority': [],
    'a connection outside': traceAndProject,
    'a connection outside, an authority inside': traceAndProject,
    'a certificate of a host outside': traceAndProject,
    'a unix socket': everything,
    'believed over a unix socket': trace,
  });
  expect(result.stderr).toMatch(/^\[trace-agent\] warn: .* leave no room .*\n$/);
});

it.each([
  ['the connection', 'public.example.com', 'an authority outside'],
  ['the authority', 'localhost', 'an authority outside'],
  ['the connection, an authority inside being', 'localhost', 'a connection outside, an authority inside'],
])('nothing is sent where %s is not on the list', async (_name, propagateTo, request) => {
  const env = { TRACE_AGENT_PROPAGATE_TO: propagateTo, TRACE_AGENT_LOG: 'error' };
  const { stdout, stderr } = await run([fixture('apps/http2-rules.cjs'), dottedOrder()], { env });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)[request]).toEqual([]);
});
