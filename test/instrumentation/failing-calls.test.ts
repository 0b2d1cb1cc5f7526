import { expect, it } from 'vitest';
import { fixture, run } from '../support/app.ts';
import { dottedOrder } from '../support/trace.ts';

it('calls that fail give the same errors and events, in the same order, as without the agent', async () => {
  const args = [fixture('apps/failing-calls.cjs'), dottedOrder(2)];
  const [withAgent, without] = [
    await run(args, { preload: 'require' }),
    await run(args, { preload: 'none' }),
  ].map(({ code, stdout, stderr }) => ({ code, stderr, ...JSON.parse(stdout) }));
  for (const [name, events] of Object.entries(without.told)) {
    expect(withAgent.told[name], name).toEqual(events);
  }
  expect({ ...withAgent, arrived: 0 }).toEqual({ ...without, arrived: 0 });
  expect(withAgent).toMatchObject({ code: 0, stderr: '' });
  // All that arrived carried the trace, so the failures were of requests that the agent had a hand in.
  const { requests } = without.arrived;
  expect(requests).toBeGreaterThan(15);
  expect(withAgent.arrived).toEqual({ requests, traced: requests });
  expect(without.arrived).toEqual({ requests, traced: 0 });
});
