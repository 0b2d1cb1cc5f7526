import { expect, it } from 'vitest';
import { fixture, run } from '../support/app.ts';

it('options of a dispatch stay the application’s own: private members, hidden properties, identity', async () => {
  const args = [fixture('apps/undici-options.mjs')];
  const withAgent = await run(args);
  expect(withAgent).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringContaining('same options true'),
  });
  expect(withAgent).toEqual(await run(args, { preload: 'none' }));
});
