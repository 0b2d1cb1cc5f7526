import { expect, it } from 'vitest';
import { fixture, run } from '../support/app.ts';

type Told = [what: string, end: number | string, trace: string, sentHeaders: object][];

async function tell(preload: 'import' | 'none', env: NodeJS.ProcessEnv = {}): Promise<Told> {
  const { stdout, stderr, code } = await run([fixture('apps/http2-limits.cjs')], {
    preload,
    env: { TRACE_AGENT_LOG: 'error', ...env },
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Told;
}

it('no HTTP/2 request goes over a limit of its server or its client because of the agent’s headers', async () => {
  const [withAgent, short, without] = await Promise.all([
    tell('import'),
    tell('import', { SHORT: '1' }),
    tell('none'),
  ]);
  const ends = (told: Told) => told.map(([what, end]) => [what, end]);
  expect(ends(withAgent)).toEqual(ends(without));
  expect(ends(short)).toEqual(ends(without));
  const traced = (told: Told, kind: string) =>
    told.filter(([what, , trace]) => what.includes(kind) && trace === 'trace').length;
  for (const kind of ['headers', 'block', 'list']) {
    expect(traced(short, kind)).toBeGreaterThan(0);
    expect(traced(short, kind)).toBeGreaterThanOrEqual(traced(withAgent, kind));
  }
});

it('sentHeaders of an HTTP/2 request are the headers that the application gave', async () => {
  const [withAgent, without] = await Promise.all([tell('import'), tell('none')]);
  expect(withAgent.map(([what, , , sent]) => [what, sent])).toEqual(
    without.map(([what, , , sent]) => [what, sent]),
  );
});
