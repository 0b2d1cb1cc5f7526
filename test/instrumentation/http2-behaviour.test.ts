import { expect, it } from 'vitest';
import { fixture, run } from '../support/app.ts';
import { dottedOrder } from '../support/trace.ts';

it('errors, events, listeners and objects of HTTP/2 are the same as without the agent', async () => {
  const args = [fixture('apps/http2-behaviour.cjs'), dottedOrder()];
  const [without, withAgent] = await Promise.all([run(args, { preload: 'none' }), run(args)]);
  expect(without.code, without.stderr).toBe(0);
  // The ports differ by themselves.
  const lines = (text: string) => text.replace(/localhost:\d+/g, 'localhost').split('\n');
  expect(lines(without.stdout).length).toBeGreaterThan(100);
  expect(lines(withAgent.stdout)).toEqual(lines(without.stdout));
  expect(withAgent.stderr).toBe(without.stderr);
  expect(withAgent.code).toBe(without.code);
});

it('[G122] stop() puts back what was patched for HTTP/2', async () => {
  const trace = dottedOrder();
  const { stdout, stderr } = await run([fixture('apps/http2-undo.cjs'), trace], { preload: 'none' });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({ arrived: [null, trace, null, trace, null], changed: [] });
});

it('a process that does not use HTTP/2 does not load it', async () => {
  const code = `
    const { continueTrace } = require('@org/trace-agent');
    const http = require('node:http');
    const server = http.createServer((request, response) => response.end(request.headers['langsmith-trace']));
    server.listen(0, '127.0.0.1', () => continueTrace({ 'langsmith-trace': '${dottedOrder()}' }, () => {
      http.get(server.address(), (response) => {
        response.once('data', () => {
          server.close();
          console.log(process.moduleLoadList.includes('NativeModule http2'));
        });
      });
    }));`;
  const { stdout, stderr } = await run(['-e', code]);
  expect(stderr).toBe('');
  expect(stdout).toBe('false\n');
});
