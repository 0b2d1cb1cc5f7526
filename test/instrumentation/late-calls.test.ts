import { expect, it } from 'vitest';
import { fixture, run } from '../support/app.ts';
import { dottedOrder } from '../support/trace.ts';

it('calls from late events and emitted requests carry the trace of their own request, and a header written twice is counted once', async () => {
  const traces = [dottedOrder(), dottedOrder(), dottedOrder(), dottedOrder()];
  const { stdout, stderr } = await run([fixture('apps/late-calls.cjs'), ...traces]);
  expect(JSON.parse(stdout || stderr)).toEqual({
    'finish of /first': traces[0],
    'finish of /second': traces[1],
    'end of /read': traces[2],
    'end of /odd': traces[2],
    'finish of /wrapped': traces[2],
    'finish by hand': traces[3],
    'emitted with a trace': traces[3],
    'emitted without one': 'none',
    again: traces[2],
    counted: 1,
  });
});
