import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRelayed, RELAY } from '../conformance/relay.ts';
import { type AppOptions, run } from '../support/app.ts';
import { installLibraries } from '../support/libraries.ts';
import { injected, linesOf } from './support.ts';

/** As each is laid out on npm; Corepack's own are in its folder. */
const MANAGERS: readonly (readonly [title: string, file: string, name: string])[] = [
  ['npm 11', 'npm/bin/npm-cli.js', 'npm'],
  ['yarn 1', 'yarn1/bin/yarn.js', 'yarn'],
  ['yarn 4', 'yarn4/bin/yarn.js', 'yarn'],
  ['pnpm 10', 'pnpm10/bin/pnpm.cjs', 'pnpm'],
];
const SPECS = [
  'npm@npm:npm@11',
  'yarn1@npm:yarn@1',
  'yarn4@npm:@yarnpkg/cli-dist@4',
  'pnpm10@npm:pnpm@10',
  'corepack@npm:corepack@0.34',
];

let packages = '';
const project = realpathSync(mkdtempSync(join(tmpdir(), 'trace-agent-managers-')));
afterAll(() => rmSync(project, { recursive: true, force: true }));

beforeAll(() => {
  const directory = installLibraries('package-managers', SPECS);
  if (directory === undefined) throw new Error('the package managers could not be installed');
  packages = join(directory, 'node_modules');
  const scripts = { start: 'node relay.cjs' };
  const manifest = {
    name: 'project',
    version: '1.0.0',
    private: true,
    scripts,
    bin: { relay: './relay.cjs' },
  };
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(project, 'yarn.lock'), '');
  writeFileSync(join(project, '.yarnrc.yml'), 'enableTelemetry: false\nenableNetwork: false\n');
  cpSync(RELAY, join(project, 'relay.cjs'));
  mkdirSync(join(project, '.yarn', 'releases'), { recursive: true });
  cpSync(join(packages, 'yarn4/bin/yarn.js'), join(project, '.yarn/releases/yarn-4.18.1.cjs'));
}, 600_000);

/** Away from the user's own settings and stores, and from the network. */
function options(env: NodeJS.ProcessEnv = {}): AppOptions {
  const own = { HOME: project, YARN_GLOBAL_FOLDER: join(project, '.yarn-global'), NO_UPDATE_NOTIFIER: '1' };
  const quiet = {
    npm_config_update_notifier: 'false',
    COREPACK_ENABLE_NETWORK: '0',
    YARN_ENABLE_TELEMETRY: '0',
    // Where `CI` is set it would install nothing that its lock file does not hold.
    YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
  };
  return { preload: 'none', cwd: project, env: { ...own, ...quiet, ...env } };
}

const left = (name: string) => `[trace-agent] info: not started: this is the package manager ${name}`;
const started = expect.stringMatching(/^\[trace-agent\] info: version .+ started on Node\.js/);

describe.each(MANAGERS)('%s', { timeout: 120_000 }, (_title, file, name) => {
  it('is left alone, and prints the same output', async () => {
    const args = [join(packages, file), '--version'];
    const { NODE_OPTIONS } = injected();
    const withAgent = await run(args, options({ NODE_OPTIONS }));
    expect(withAgent).toEqual(await run(args, options()));
    expect(withAgent).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    const { stderr } = await run(args, options(injected()));
    expect(linesOf(stderr)).toEqual([left(name)]);
  });

  it('starts an application, which is traced', async () => {
    if (file.startsWith('yarn4')) await install();
    const args = [
      join(packages, file),
      name === 'npm' ? 'start' : 'run',
      ...(name === 'npm' ? [] : ['start']),
    ];
    const { stderr } = await expectRelayed(args, options(injected()));
    // Yarn starts itself again for some of what it does.
    expect([...new Set(linesOf(stderr))]).toEqual([left(name), started]);
  });
});

describe('others', { timeout: 120_000 }, () => {
  it('npx is left alone, and the program that it runs is traced', async () => {
    const args = [join(packages, 'npm/bin/npx-cli.js'), '--offline', '-c', 'node relay.cjs'];
    const { stderr } = await expectRelayed(args, options(injected()));
    expect(linesOf(stderr)).toEqual([left('npx'), started]);
  });

  it('yarn 4 as it is checked in, by its version', async () => {
    await install();
    const args = [join(project, '.yarn/releases/yarn-4.18.1.cjs'), 'start'];
    const { stderr } = await expectRelayed(args, options(injected()));
    expect([...new Set(linesOf(stderr))]).toEqual([left('yarn'), started]);
  });

  it.each([
    ['corepack', 'corepack'],
    ['pnpx', 'pnpx'],
    ['yarnpkg', 'yarnpkg'],
  ])('corepack/dist/%s.js', async (file, name) => {
    const args = [join(packages, 'corepack/dist', `${file}.js`), '--version'];
    const { stderr, stdout, code } = await run(args, options(injected()));
    expect(linesOf(stderr)).toEqual([left(name)]);
    // Without network it has no pnpm and no yarn to hand on to, with the agent as without.
    const without = await run(args, options());
    expect({ stdout, code }).toEqual({ stdout: without.stdout, code: without.code });
  });

  it('TRACE_AGENT_FORCE=1 has the agent start in one', async () => {
    const args = [join(packages, 'npm/bin/npm-cli.js'), '--version'];
    const { stderr, code } = await run(args, options({ ...injected(), TRACE_AGENT_FORCE: '1' }));
    expect(code).toBe(0);
    expect(linesOf(stderr)).toEqual([
      expect.stringMatching(
        /info: this is the package manager npm, but version .+ starts because of TRACE_AGENT_FORCE$/,
      ),
      started,
    ]);
  });
});

/** Yarn 4 runs scripts of a project that it has installed only. */
async function install(): Promise<void> {
  const { code, stdout } = await run([join(packages, 'yarn4/bin/yarn.js'), 'install'], options());
  expect(code, stdout).toBe(0);
}
