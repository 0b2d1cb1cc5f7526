import { expect, it } from 'vitest';
import { fixture, run } from '../support/app.ts';
import { baggage, dottedOrder } from '../support/trace.ts';

const trace = dottedOrder();
const header = baggage({ metadata: { text: 'm'.repeat(600) }, tags: ['t'.repeat(400)], project: 'p' });
const OURS = /^(?:langsmith-trace|baggage): .*\r\n/gm;

async function texts(options: object): Promise<Record<string, string>> {
  const { stdout, stderr, code } = await run([fixture('apps/full-headers.cjs'), trace, header], options);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Record<string, string>;
}

it('a request of any form is sent as without the agent, except for the headers that there is room for', async () => {
  const [without, withAgent] = await Promise.all([texts({ preload: 'none' }), texts({})]);
  const members: Record<string, string> = {};
  for (const [name, text] of Object.entries(withAgent)) {
    expect(text.replace(OURS, ''), name).toBe(without[name]);
    const lines = (text.match(OURS) ?? []).map((line) => line.replace(/=[^,\r]*/g, '').trim());
    const size = name.split(', ').at(-1) as string;
    members[size] ??= lines.join('; ');
    expect(lines.join('; '), name).toBe(members[size]);
  }
  expect(Object.values(members)).toEqual([
    `baggage: langsmith-trace,langsmith-metadata,langsmith-tags,langsmith-project; langsmith-trace: ${trace}`,
    `baggage: langsmith-trace,langsmith-tags,langsmith-project; langsmith-trace: ${trace}`,
    `baggage: langsmith-project; langsmith-trace: ${trace}`,
    '',
  ]);
});
