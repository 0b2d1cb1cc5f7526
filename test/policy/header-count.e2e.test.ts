import { expect, it } from 'vitest';
import { fixture, run, testNodeMajor } from '../support/app.ts';

/** What Apache, Tomcat and Envoy take at most. */
const MOST = 100;

it('no request has more headers than servers accept because of the agent’s headers', async () => {
  const { stdout, stderr, code } = await run([fixture('apps/header-count.cjs')]);
  expect(code, stderr).toBe(0);
  const told = Object.entries(JSON.parse(stdout) as Record<string, [number, number, boolean][]>);
  // undici 7 needs Node 20.
  expect(told).toHaveLength(testNodeMajor < 20 ? 5 : 6);
  for (const [client, counts] of told) {
    for (const [own, lines, isTraced] of counts) {
      if (isTraced) expect([client, own, lines <= MOST]).toEqual([client, own, true]);
    }
    expect([client, counts.filter(([, , isTraced]) => isTraced).length > 0]).toEqual([client, true]);
    expect([client, counts.at(-1)?.[2]]).toEqual([client, false]);
  }
});
