import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from './support/app.ts';

const text = readFileSync(join(root, 'SECURITY.md'), 'utf8');
const cited = [...text.matchAll(/`(test\/[\w./-]+\.ts)`: "([^"]+)"/g)].map(([, file, title]) => [
  file,
  title,
]);

it('SECURITY.md cites tests', () => {
  expect(cited.length).toBeGreaterThan(20);
});

it.each(cited as [string, string][])('%s has a test "%s"', (file, title) => {
  expect(readFileSync(join(root, file), 'utf8')).toContain(title);
});
