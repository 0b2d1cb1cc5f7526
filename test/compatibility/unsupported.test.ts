import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root, run } from '../support/app.ts';

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
