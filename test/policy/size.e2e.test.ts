import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, fixture, startBoth } from '../support/app.ts';
import { baggage, dottedOrder } from '../support/trace.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const trace = dottedOrder(2);
const header = baggage({ metadata: { text: 'm'.repeat(3000) }, tags: ['t'.repeat(500)], project: 'p' });

let upstream: Upstream;
let withAgent: App;
let without: App;
beforeAll(async () => {
  upstream = await startUpstream();
  [withAgent, without] = await startBoth(fixture('apps/filler.mjs'));
});
afterAll(async () => {
  await Promise.all([withAgent?.stop(), without?.stop()]);
  await upstream?.close();
});

async function status(app: App, client: string, sizes: { bytes: number; baggage?: number }) {
  upstream.arrived.length = 0;
  const query = new URLSearchParams({
    client,
    to: upstream.url,
    bytes: `${sizes.bytes}`,
    baggage: `${sizes.baggage ?? 0}`,
  });
  const headers = { 'langsmith-trace': trace, baggage: header };
  const response = await fetch(`${app.url}/?${query}`, { headers });
  return response.text();
}

describe.each(['fetch', 'http'])('a server that takes 16 KiB of headers, %s', (client) => {
  it('answers 431 only where it would have without the agent', async () => {
    const sent = new Set<string>();
    for (let bytes = 11_000; bytes <= 16_400; bytes += 90) {
      const answer = await status(withAgent, client, { bytes });
      const arrived = upstream.arrived[0]?.headers;
      const members = `${arrived?.['baggage']}`.split(',').map((member) => member.split('=')[0]);
      if (arrived !== undefined) sent.add(arrived['langsmith-trace'] === trace ? members.join() : 'nothing');
      expect(answer, `${bytes} bytes`).toBe(await status(without, client, { bytes }));
    }
    expect([...sent]).toEqual([
      'langsmith-trace,langsmith-metadata,langsmith-tags,langsmith-project',
      'langsmith-trace,langsmith-tags,langsmith-project',
      'langsmith-tags,langsmith-project',
      'langsmith-project',
      'nothing',
    ]);
  });

  it('no baggage grows beyond the size that all proxies and servers accept', async () => {
    await status(withAgent, client, { bytes: 0, baggage: 7000 });
    expect(upstream.arrived[0]?.headers['baggage']).toMatch(
      /^langsmith-trace=[^,]*,langsmith-tags=t{500},langsmith-project=p,vendor=v{6993}$/,
    );
    await status(withAgent, client, { bytes: 0, baggage: 7700 });
    expect(upstream.arrived[0]?.headers['baggage']).toMatch(/^langsmith-project=p,vendor=v{7693}$/);
    await status(withAgent, client, { bytes: 0, baggage: 8190 });
    expect(upstream.arrived[0]?.headers).not.toHaveProperty('langsmith-trace');
    expect(upstream.arrived[0]?.headers['baggage']).toMatch(/^vendor=v{8183}$/);
  });

  it('the agent logs it once', () => {
    const lines = withAgent.stderr().trim().split('\n');
    expect(lines.filter((line) => line.includes('leave no room'))).toHaveLength(2);
  });
});
