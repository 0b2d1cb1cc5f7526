import { expect, it } from 'vitest';
import { fixture, run } from '../support/app.ts';
import { dottedOrder, linked } from '../support/trace.ts';

it('unix sockets and proxies are decided on the real target; CONNECT and the SDK get nothing', async () => {
  const trace = dottedOrder();
  const env = {
    LANGSMITH_ENDPOINT: 'http://127.0.0.1:1',
    TRACE_AGENT_PROPAGATE_TO: '*,!refused.example.com',
  };
  const result = await run([fixture('apps/seams.cjs'), trace], { env });
  expect(result.stderr).toBe('');
  const nothing = { trace: null, baggage: null };
  const project = 'langsmith-project=p';
  expect(JSON.parse(result.stdout)).toEqual({
    'unix socket, api.smith.langchain.com': nothing,
    'unix socket, refused.example.com': nothing,
    'unix socket, public.example.com': {
      trace,
      baggage: linked(trace, `langsmith-metadata=%7B%22a%22%3A1%7D,${project}`),
    },
    'believed over a unix socket': trace,
    'proxy, http://public.example.com/x': { trace, baggage: project },
    'proxy, http://api.smith.langchain.com/x': nothing,
    'proxy, http://orders.internal/hidden': nothing,
    'proxy, /': nothing,
    'proxy, /beside': { trace, baggage: linked(trace, `langsmith-metadata=%7B%22a%22%3A1%7D,${project}`) },
    CONNECT: nothing,
  });
});
