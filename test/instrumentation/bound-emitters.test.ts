import { expect, it } from 'vitest';
import { NODES_EMIT } from '../../src/instrumentation/bound-emitters.ts';
import { run } from '../support/app.ts';

it('recognises the `emit` of this Node.js by its source, and no `emit` that does more before it looks for listeners', async () => {
  const { stdout } = await run(['-p', "String(require('node:events').prototype.emit)"], { preload: 'none' });
  const text = stdout.trim();
  expect(text).toMatch(NODES_EMIT);
  for (const [place, more] of [
    ["let doError = (type === 'error');", 'note(type);'],
    ['const handler = events[type];', 'if (isWatched) {\n    note(type);\n  }\n  '],
  ] as const) {
    const other = text.replace(place, `${more}${place}`);
    expect(other).not.toBe(text);
    expect(other).not.toMatch(NODES_EMIT);
  }
});
