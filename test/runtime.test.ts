import { describe, expect, it } from 'vitest';
import { reasonNotToStart } from '../src/runtime.ts';

function reasonOn(versions: Record<string, string>, file?: string): string | undefined {
  const argv = file === undefined ? ['/bin/node'] : ['/bin/node', file];
  return reasonNotToStart({ versions, argv } as unknown as NodeJS.Process);
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

  it('not in Electron', () => {
    expect(reasonOn({ node: '24.0.0', electron: '39.0.0' })).toBe('this is Electron');
  });

  it.each([
    ['/usr/local/bin/npm', 'npm'],
    ['/usr/lib/node_modules/npm/bin/npm-cli.js', 'npm'],
    ['/usr/lib/node_modules/npm/bin/npx-cli.js', 'npx'],
    ['/usr/lib/node_modules/npm/bin/npm-prefix.js', 'npm'],
    ['/app/.yarn/releases/yarn-berry.cjs', 'yarn'],
    ['C:\\Program Files\\nodejs\\node_modules\\npm\\bin\\npm-cli.js', 'npm'],
    ['/usr/local/bin/yarn', 'yarn'],
    ['/usr/local/bin/yarnpkg', 'yarnpkg'],
    ['/opt/yarn-v1.22.22/bin/yarn.js', 'yarn'],
    ['/app/.yarn/releases/yarn-4.9.1.cjs', 'yarn'],
    ['/app/.yarn/releases/yarn-4.0.0-rc.48.cjs', 'yarn'],
    ['/root/.cache/node/corepack/v1/pnpm/10.0.0/bin/pnpm.cjs', 'pnpm'],
    ['/usr/lib/node_modules/pnpm/bin/pnpm.mjs', 'pnpm'],
    ['/usr/lib/node_modules/corepack/dist/pnpx.js', 'pnpx'],
    ['/usr/local/bin/pnx', 'pnx'],
    ['/usr/local/bin/corepack', 'corepack'],
  ])('not in a package manager: %s', (file, name) => {
    expect(reasonOn({ node: '24.0.0' }, file)).toBe(`this is the package manager ${name}`);
  });

  it.each([
    '/app/server.js',
    '/app/npm/index.js',
    '/app/yarn-shop.js',
    '/app/npm-registry.js',
    '/app/my-npm',
    '/app/pnpm.json.js',
    '/app/yarn/',
    '/app/undefined',
    '/app',
  ])('%s is an application', (file) => {
    expect(reasonOn({ node: '24.0.0' }, file)).toBeUndefined();
  });
});
