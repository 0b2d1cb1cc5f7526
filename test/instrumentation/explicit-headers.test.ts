import { expect, it } from 'vitest';
import { fixture, run } from '../support/app.ts';
import { dottedOrder } from '../support/trace.ts';

it('a trace that the application sets wins, in each form and letter case, and its baggage stays', async () => {
  const own = dottedOrder();
  const { stdout, stderr, code } = await run([fixture('apps/explicit-headers.cjs'), dottedOrder(2), own]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const told = JSON.parse(stdout);
  expect(Object.keys(told)).toHaveLength(16);
  for (const [form, headers] of Object.entries(told)) {
    expect(headers, form).toEqual({ 'langsmith-trace': [own], baggage: ['own=1'] });
  }
});
