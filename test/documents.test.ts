import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatCosts, formatSummary } from '../bench/readme.mjs';
import { readConfig } from '../src/config.ts';
import * as api from '../src/index.ts';
import { root } from './support/app.ts';

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const DOCUMENTS = [
  'README.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

/** The anchor that GitHub gives a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\- ]/gu, '')
    .replaceAll(' ', '-');

function anchorsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    anchorOf(heading as string),
  );
}

describe.each(DOCUMENTS)('%s', (document) => {
  const text = read(document);

  it('has links that lead somewhere', () => {
    for (const [, link = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(link)) continue;
      const [path = '', anchor] = link.split('#');
      const file = path === '' ? join(root, document) : resolve(dirname(join(root, document)), path);
      expect(existsSync(file), link).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(file), link).toContain(anchor);
    }
  });

  it('names npm scripts that exist', () => {
    for (const [, name = ''] of text.matchAll(/npm run ([\w:]+)/g))
      expect(Object.keys(scripts)).toContain(name);
  });

  it('names files that exist', () => {
    for (const [, path = ''] of text.matchAll(
      /`((?:src|test|scripts|bench|fixtures|docs|deploy)\/[\w./-]+)`/g,
    )) {
      expect(existsSync(join(root, path)), path).toBe(true);
    }
  });
});

it('the README has at most 150 lines', () => {
  expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(150);
});

it('the README’s code imports what the package exports', () => {
  const imports = [...read('README.md').matchAll(/import \{ ([^}]+) \} from '@org\/trace-agent'/g)];
  expect(imports.length).toBeGreaterThan(0);
  for (const [, names = ''] of imports) {
    for (const name of names.split(', ')) expect(api).toHaveProperty(name);
  }
});

it.each(Object.keys(api))('the README describes %s()', (name) => {
  expect(read('README.md')).toMatch(new RegExp(`^\\| \`${name}\\(`, 'm'));
});

describe.each([
  ['README.md', 2],
  ['docs/configuration.md', 3],
])('the settings in %s', (document, column) => {
  const rows = new Map(
    [...read(document).matchAll(/^\| `(TRACE_AGENT_\w+)` \|.*$/gm)].map(([line, name]) => [
      name as string,
      (line.split(' | ')[column - 1] as string).replaceAll('`', ''),
    ]),
  );

  it('are those that the code reads', () => {
    const named = [...read('src/config.ts').matchAll(/'(TRACE_AGENT_\w+)'/g)].map(
      ([, name]) => name as string,
    );
    expect([...rows.keys()].sort()).toEqual([...new Set(named)].sort());
  });

  it('have the defaults of the code', () => {
    for (const [name, fallback] of rows) {
      const { config: given } = readConfig({ [name]: fallback });
      expect(given, name).toEqual(readConfig({}).config);
    }
  });
});

it('the performance tables match the last whole run', () => {
  const results = JSON.parse(read('docs/bench.json'));
  const tablesOf = (document: string) =>
    /<!-- costs -->\n\n([\s\S]*?)\n\n<!-- \/costs -->/.exec(read(document))?.[1];
  expect(tablesOf('docs/performance.md')).toBe(formatCosts(results));
  expect(tablesOf('README.md')).toBe(formatSummary(results));
  expect(formatCosts(results)).not.toMatch(/NaN|undefined/);
  expect(existsSync(join(root, 'docs/bench.svg'))).toBe(true);
});
