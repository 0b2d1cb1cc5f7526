import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root, run } from '../support/app.ts';

// The soak itself is a step of the gate (`npm run soak -- --requests 3000`). This shows that it can fail.
it('finds a wrong parent, a heap that grows, a listener and a timer that are left', async () => {
  const args = [join(root, 'scripts/soak.mjs'), '--requests', '200', '--break', 'heap,listener,timer,parent'];
  const { code, stderr } = await run(args, { preload: 'none' });
  expect(code).toBe(1);
  const problems = stderr.trim().split('\n');
  for (const expected of [
    /answers were not what they must be: request \d+ came with/,
    /last: \d+ wrong, as: request \d+ carries/,
    /middle: the heap grew by \d+ bytes/,
    /middle: handles and timers .*"Timeout":1/,
    /middle: listeners .*"warning":2/,
    /middle: ended with SIGKILL, without the agent 7/,
    /middle: took \d+ ms to end/,
  ]) {
    expect(problems.filter((problem) => expected.test(problem))).toHaveLength(1);
  }
  expect(problems).toHaveLength(7);
}, 180_000);
