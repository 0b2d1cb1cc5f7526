import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { reasonNotToStart } from '../../src/runtime.ts';
import { root, run } from '../support/app.ts';

function reasonOn(versions: Record<string, string>): string | undefined {
  return reasonNotToStart({ versions } as unknown as NodeJS.Process);
}

describe('where the agent starts', () => {
  it.each(['18.19.0', '18.20.8', '19.0.0', '20.0.0', '22.23.3', '25.1.0', '26.10.0'])('Node %s', (node) => {
    expect(reasonOn({ node })).toBeUndefined();
  });

  it.each(['8.17.0', '16.20.2', '18.0.0', '18.18.2', '27.0.0', '100.1.0'])('not on Node %s', (node) => {
    expect(reasonOn({ node })).toContain(node);
  });

  it.each(['bun', 'deno'])('not on %s', (name) => {
    expect(reasonOn({ node: '24.0.0', [name]: '1.0.0' })).toBe('this is not Node.js');
  });
});

// `npm run test:nodes` installs the binaries and names them here.
const nodes = process.env['TRACE_AGENT_UNSUPPORTED_NODES']?.split(':') ?? [];

describe.runIf(nodes.length > 0)(
  'on a Node that is not supported, the application runs and nothing is said',
  () => {
    it.each(nodes)('%s', async (node) => {
      const nodeOptions = ['--require', join(root, 'dist/register.cjs')];
      const source = "console.log('the application', Object.getOwnPropertySymbols(global).length)";
      const withAgent = await run(['-e', source], { node, preload: 'none', nodeOptions });
      expect(withAgent).toEqual(await run(['-e', source], { node, preload: 'none' }));
      expect(withAgent).toMatchObject({
        code: 0,
        stderr: '',
        stdout: expect.stringContaining('the application'),
      });
    });
  },
);
