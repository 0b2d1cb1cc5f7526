import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fixture, root, run } from '../support/app.ts';

it('the last lines of a run name the skipped tests, and each reason once', async () => {
  const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run'];
  const { code, stdout } = await run(args, { preload: 'none', cwd: fixture('skipped') });
  expect(code).toBe(0);
  expect(stdout.trimEnd().split('\n')).toEqual([
    'SKIPPED 4: no browser is here',
    '  skipped.test.mjs: wants a browser 1',
    '  skipped.test.mjs: wants a browser 2',
    '  skipped.test.mjs: wants a browser 3',
    '  and 1 more',
    'SKIPPED 1: no reason is given',
    '  skipped.test.mjs: a group > is not wanted',
  ]);
});
