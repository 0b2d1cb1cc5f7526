import { expect, it } from 'vitest';
import { fixture, run } from '../support/app.ts';

it('a unix socket’s peer is identified by its own connection, and a stream of another origin is not trusted', async () => {
  const { stdout, stderr, code } = await run([fixture('apps/unix-peers.cjs')]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual({
    http: 'believed',
    https: 'believed',
    http2: 'believed',
    'handed to a server on a port': 'believed',
    'a server by its descriptor': 'believed',
    'a stream, server on a unix socket': 'not',
    'a stream, server on a port': 'not',
    'a stream, server that does not listen': 'not',
  });
});
