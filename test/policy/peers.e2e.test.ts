import { expect, it } from 'vitest';
import { fixture, run } from '../support/app.ts';
import { dottedOrder } from '../support/trace.ts';

const ALL = ['IPv4 in IPv6', 'IPv6', 'TLS', 'unix socket'];

it.each<[string, string[]]>([
  ['internal', ALL],
  ['*', ALL],
  ['127.0.0.1', ['IPv4 in IPv6', 'TLS']],
  ['127.0.0.0/8', ['IPv4 in IPv6', 'TLS']],
  ['::1', ['IPv6']],
  ['internal,!127.0.0.1', ['IPv6', 'unix socket']],
  ['10.0.0.0/8', []],
  ['none', []],
])('TRACE_AGENT_TRUST=%s trusts these peers, and relays only their headers', async (trust, believed) => {
  const trace = dottedOrder();
  const result = await run([fixture('apps/peers.cjs'), trace], { env: { TRACE_AGENT_TRUST: trust } });
  expect(result).toMatchObject({ code: 0, stderr: '' });
  const told = JSON.parse(result.stdout);
  expect(told['IPv4 in IPv6'].address).toBe('::ffff:127.0.0.1');
  for (const name of ALL) {
    const expected = believed.includes(name) ? trace : null;
    expect(told[name], name).toMatchObject({ current: expected, relayed: expected });
  }
});
