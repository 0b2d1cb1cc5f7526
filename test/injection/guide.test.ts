import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectRelayed, RELAY } from '../conformance/relay.ts';
import { root } from '../support/app.ts';
import { injected, linesOf } from './support.ts';

const GUIDE = join(root, 'docs/containers.md');
const guide = readFileSync(GUIDE, 'utf8');
const { version, scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** The code blocks of a language in a section. */
function blocks(language: string, section: string): string[] {
  const [, text = ''] = new RegExp(`\n## ${section}\n([^]*?)\n## `).exec(guide) ?? [];
  return [...text.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(
    ([, code = '']) => code,
  );
}

describe('docs/containers.md', () => {
  it('has links that lead to existing targets', () => {
    const links = [...guide.matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link);
    expect(links.length).toBeGreaterThan(5);
    const headings = [...guide.matchAll(/^#+ (.+)$/gm)].map(
      ([, heading = '']) =>
        `#${heading
          .toLowerCase()
          .replace(/[^\w -]/g, '')
          .replaceAll(' ', '-')}`,
    );
    for (const link of links) {
      if (link.startsWith('#')) expect(headings).toContain(link);
      else expect(existsSync(join(dirname(GUIDE), link.replace(/#.*/, ''))), link).toBe(true);
    }
  });

  it('uses the current version in image names', () => {
    const names = guide.match(/trace-agent[:-]\d+\.\d+\.\d+/g) ?? [];
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) expect(name).toMatch(new RegExp(`[:-]${version}$`));
  });

  it('names npm scripts that exist', () => {
    const named = [...guide.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name);
    expect(named).toContain('image');
    for (const name of named) expect(scripts).toHaveProperty(name);
  });

  it('shows lines of the examples that are tested', () => {
    const [dockerfile = ''] = blocks('dockerfile', 'Docker');
    expect(dockerfile).not.toBe('');
    expect(read('deploy/docker/Dockerfile')).toContain(dockerfile);
    const compose = read('deploy/compose/compose.yaml');
    const shown = blocks('yaml', 'Compose').flatMap((text) =>
      text.split('\n').filter((line) => line.trim() !== ''),
    );
    expect(shown.length).toBeGreaterThan(10);
    for (const line of shown) expect(compose.split('\n')).toContain(line);
  });

  it.each([
    ['OpenTelemetry Operator', 'deploy/operator/deployment.yaml'],
    ['Kubernetes MutatingAdmissionPolicy', 'deploy/kubernetes/image-volume.yaml'],
  ])('shows labels and annotations as they are tested: %s', (section, file) => {
    const names = blocks('yaml', section).flatMap((text) => text.match(/[\w.-]+\/[\w-]+(?=:)/g) ?? []);
    expect(names).toHaveLength(2);
    for (const name of names) expect(read(file)).toContain(name);
  });

  it('shows the lines that the agent logs at its start', async () => {
    const { stderr } = await expectRelayed([RELAY], { preload: 'none', env: injected() });
    const [line = ''] = linesOf(stderr);
    const generic = (text: string) => text.replace(/Node\.js [\d.]+/, 'Node.js');
    expect(guide.split('\n').map(generic)).toContain(generic(line));
  });
});
