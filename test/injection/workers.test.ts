import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture, root, run } from '../support/app.ts';
import { REGISTER } from './support.ts';

async function workersWith(NODE_OPTIONS: string): Promise<Record<string, boolean>> {
  const { stdout, stderr } = await run([fixture('injection/workers.cjs')], {
    preload: 'none',
    env: { NODE_OPTIONS },
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

describe('worker threads, which docs/containers.md speaks of', () => {
  it('by --require have the agent wherever NODE_OPTIONS is in their environment', async () => {
    expect(await workersWith(`--require ${REGISTER}`)).toEqual({
      'source text': true,
      'source text, execArgv: []': true,
      'source text, env without NODE_OPTIONS': false,
      'data: URL': true,
      'data: URL, env without NODE_OPTIONS': false,
    });
  });

  it('of a package manager have no agent', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'trace-agent-workers-'));
    try {
      const main = join(directory, 'pnpm.cjs');
      copyFileSync(fixture('injection/workers.cjs'), main);
      const { stdout } = await run([main], {
        preload: 'none',
        env: { NODE_OPTIONS: `--require ${REGISTER}` },
      });
      expect(Object.values(JSON.parse(stdout))).toEqual([false, false, false, false, false]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('by --import have it only where they are modules', async () => {
    expect(await workersWith(`--import ${join(root, 'register.mjs')}`)).toMatchObject({
      'source text': false,
      'data: URL': true,
    });
  });
});
