import { expect, it } from 'vitest';
import { fixture, run } from '../support/app.ts';

interface Told {
  /** For each way to send: what the request says of its headers when they are written, and when it is answered. */
  told: Record<string, unknown>;
  /** `[langsmith-trace, baggage]` */
  arrived: Record<string, [string | null, string | null]>;
}

async function tell(preload: 'import' | 'none', env: NodeJS.ProcessEnv = {}): Promise<Told> {
  const result = await run([fixture('apps/read-back.cjs')], { preload, env });
  expect(result.code, result.stderr).toBe(0);
  return JSON.parse(result.stdout) as Told;
}

it.each([
  ['with members', 'langsmith-metadata=%7B%22a%22%3A1%7D,langsmith-tags=t'],
  ['without', ''],
])(
  'an application reads back the headers that it has set on a request: a baggage %s',
  async (_name, BAGGAGE) => {
    const [withAgent, without] = await Promise.all([tell('import', { BAGGAGE }), tell('none', { BAGGAGE })]);
    expect(withAgent.told).toEqual(without.told);
    const names = Object.keys(withAgent.arrived).filter((name) => !name.endsWith('no room'));
    expect(names).toHaveLength(25);
    for (const name of names) {
      const [trace, baggage] = withAgent.arrived[name] ?? [];
      expect([name, trace]).toEqual([name, expect.stringMatching(/^20260101T000000000000Z/)]);
      if (BAGGAGE !== '') expect([name, baggage]).toEqual([name, expect.stringContaining(BAGGAGE)]);
    }
  },
);
