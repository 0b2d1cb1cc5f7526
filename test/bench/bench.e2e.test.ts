import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFleet } from '../../bench/fleet.mjs';
import { BASELINE, SERVERS, type Variant } from '../../bench/variants.mjs';
import { type Result, root, run, testNode } from '../support/app.ts';
import { skipAll } from '../support/skip.ts';

const TIMEOUT = 240_000;

interface Measured {
  startup: { empty: object };
  hop: { clients: { none: object; http: Record<string, { cpu: number[][] }> } };
  growth: object;
}

const NOT_LINUX =
  process.platform === 'linux'
    ? undefined
    : 'the bench needs Linux: it pins processes to cores, and asks the kernel what they used';

describe('the bench, as small as it can be', { timeout: TIMEOUT }, () => {
  skipAll(NOT_LINUX);

  let directory: string | undefined;
  let result: Result;

  beforeAll(async () => {
    if (NOT_LINUX !== undefined) return;
    directory = await mkdtemp(join(tmpdir(), 'bench-'));
    const args = [join(root, 'bench', 'main.mjs'), '--tiny', '--out', directory];
    result = await run(args, { preload: 'none' });
  }, TIMEOUT);
  afterAll(async () => {
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  });

  const written = (name: string) => readFile(join(directory ?? '', name), 'utf8');

  it('ends well, and says how far it is as it runs', () => {
    expect(result.stderr).toMatch(/\[#+\.*\] \d+ %, \d+ s {2}Node \d+: a hop, http/);
    expect(result.code).toBe(0);
  });

  it('measures start-up, a hop and growth of each variant', async () => {
    const { measured } = JSON.parse(await written('bench.json')) as { measured: Record<string, Measured> };
    const [{ startup, hop, growth }] = Object.values(measured) as [Measured];
    expect(Object.keys(startup.empty)).toEqual(['bare', 'bare again', 'agent, require', 'agent, import']);
    expect(Object.keys(hop.clients)).toEqual(['none', 'http']);
    for (const name of ['bare, trace', 'floor', 'agent, relay', 'agent, no trace', 'agent, runs']) {
      expect(hop.clients.http[name]?.cpu.flat()[0], name).toBeGreaterThan(0);
    }
    expect(Object.keys(growth)).toEqual(['depth', 'requests served', 'modules loaded']);
  });

  it('writes what it measured as a table and a chart, with a verdict on each budget', async () => {
    const [markdown, svg] = [await written('bench.md'), await written('bench.svg')];
    expect(result.stdout).toContain(markdown.trim());
    expect(markdown).toMatch(/\| a relayed trace, of the floor \| \d+ \| 1.05 \| \*\*(NOT MET|met)/);
    expect(markdown).not.toMatch(/NaN|undefined/);
    expect(svg).toMatch(/^<svg [\s\S]*the agent, relay[\s\S]*<\/svg>\n$/);
    expect(svg).not.toMatch(/NaN|undefined/);
  });
});

describe('a variant that does not send the expected headers', { timeout: TIMEOUT }, () => {
  skipAll(NOT_LINUX);

  const start = (variant: Variant) => startFleet(testNode, [variant], { clients: ['fetch'] });
  const named = (name: string) => SERVERS.find((variant) => variant.name === name) as Variant;

  it('is named before anything is timed', async () => {
    await expect(start({ ...BASELINE, expect: 'same trace' })).rejects.toThrow(
      'bare Node, by fetch: langsmith-trace was undefined',
    );
    await expect(start({ ...named('agent, relay'), expect: 'nothing' })).rejects.toThrow(
      'the agent, relay, by fetch: it sent langsmith-trace, baggage',
    );
    await expect(start({ ...named('agent, relay'), expect: 'child of the trace' })).rejects.toThrow(
      /no child of/,
    );
    // Of requests without a trace a process without the agent sends nothing either.
    await expect(start({ ...named('agent, no trace'), preload: [] })).rejects.toThrow(
      'the agent, no trace ever, by fetch: langsmith-trace was undefined',
    );
  });
});
