import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { startCollector } from '../../src/collector/index.ts';
import { fixture, root, run, testNode, testNodeMajor } from '../support/app.ts';
import { needPeers, peer } from '../support/peers.ts';
import { linked } from '../support/trace.ts';
import { startUpstream } from '../support/upstream.ts';
import { whyNotHere } from './list.ts';
import { expectRelayed, RELAY, relay } from './relay.ts';

const directory = mkdtempSync(join(tmpdir(), 'trace-agent-conformance-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const register = join(root, 'dist', 'register.cjs');

describe('[H133] threads and processes', () => {
  const INHERITED = ['worker file', 'fork', 'cluster'];
  // A worker of source text gets what is required, and nothing that is imported.
  const REQUIRED = ['worker eval', 'worker in a worker'];
  it.each(INHERITED)('%s, by --import', async (way) => {
    const { stdout, stderr } = await expectRelayed([fixture('conformance/relay-in.cjs'), way]);
    expect({ stdout, stderr }).toEqual({ stdout: 'relayed\n', stderr: '' });
  });

  it.each([...INHERITED, ...REQUIRED])('%s, by --require', async (way) => {
    const options = { preload: 'require' } as const;
    const { stdout, stderr } = await expectRelayed([fixture('conformance/relay-in.cjs'), way], options);
    expect({ stdout, stderr }).toEqual({ stdout: 'relayed\n', stderr: '' });
  });

  it.each([`--import ${join(root, 'register.mjs')}`, `--require ${register}`])(
    'a process that is spawned, by NODE_OPTIONS=%s',
    async (options) => {
      const args = [fixture('conformance/relay-in.cjs'), 'spawn'];
      const { stderr } = await expectRelayed(args, { preload: 'none', env: { NODE_OPTIONS: options } });
      expect(stderr).toBe('');
    },
  );

  it('and without the agent nothing is passed on', async () => {
    const { seen } = await relay([fixture('conformance/relay-in.cjs'), 'fork'], { preload: 'none' });
    expect(seen.map(([, trace]) => trace)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it.each(['import', 'require'] as const)('node --test, by --%s', async (preload) => {
    const { result, seen, trace } = await relay(['--test', fixture('conformance/relay.test.mjs')], {
      preload,
    });
    expect(result.code, result.stdout).toBe(0);
    expect(seen.map(([, arrived]) => arrived)).toEqual([trace, undefined]);
  });
});

describe('[H134] a bundled application', () => {
  const bundle = async (entry: string, outfile: string, format: 'cjs' | 'esm') => {
    const js =
      "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";
    await build({
      entryPoints: [fixture(`conformance/${entry}`)],
      outfile: join(directory, outfile),
      format,
      bundle: true,
      minify: true,
      platform: 'node',
      target: 'node18',
      logLevel: 'error',
      ...(format === 'esm' && { banner: { js } }),
    });
    return join(directory, outfile);
  };

  it.each([
    ['relay.cjs', 'relay.cjs', 'cjs'],
    ['relay.ts', 'relay.mjs', 'esm'],
  ] as const)('%s as %s', async (entry, outfile, format) => {
    const file = await bundle(entry, outfile, format);
    // Where there are no packages.
    const options = { preload: 'none', cwd: directory, nodeOptions: ['--require', register] } as const;
    const { stdout, stderr } = await expectRelayed([file], options);
    expect({ stdout, stderr }).toEqual({ stdout: 'relayed\n', stderr: '' });
  });

  it('with the SDK and axios in it', async () => {
    const file = await bundle('traced-call.mjs', 'traced.mjs', 'esm');
    const [collector, upstream] = await Promise.all([startCollector(), startUpstream()]);
    try {
      const env = { TO: upstream.url, LANGSMITH_ENDPOINT: collector.url, LANGSMITH_API_KEY: 'test' };
      const options = { preload: 'none', cwd: directory, env, nodeOptions: ['--require', register] } as const;
      const { stdout, stderr } = await run([file], options);
      expect(stderr).toBe('');
      const seen = upstream.arrived.map(({ url, headers }) => [
        url,
        headers['langsmith-trace'],
        headers['baggage'],
      ]);
      const headers = [stdout.trim(), linked(stdout.trim(), 'langsmith-project=bundled')];
      expect(seen).toEqual([
        ['/http', ...headers],
        ['/fetch', ...headers],
        ['/axios', ...headers],
      ]);
    } finally {
      await Promise.all([collector.close(), upstream.close()]);
    }
  });
});

describe('[H135] TypeScript as it is', () => {
  const relayTS = fixture('conformance/relay.ts');

  it.each(['before', 'after'])('tsx by --import, %s ours', async (order) => {
    const ours = ['--import', join(root, 'register.mjs')];
    const tsx = ['--import', join(peer('tools', 'tsx'), 'dist', 'loader.mjs')];
    const nodeOptions = order === 'before' ? [...tsx, ...ours] : [...ours, ...tsx];
    const { stdout } = await expectRelayed([relayTS], { preload: 'none', nodeOptions });
    expect(stdout).toBe('relayed\n');
  });

  it.each([`--import ${join(root, 'register.mjs')}`, `--require ${register}`])(
    'the command tsx, NODE_OPTIONS=%s',
    async (NODE_OPTIONS) => {
      const cli = join(peer('tools', 'tsx'), 'dist', 'cli.mjs');
      const { stdout } = await expectRelayed([cli, relayTS], { preload: 'none', env: { NODE_OPTIONS } });
      expect(stdout).toBe('relayed\n');
    },
  );

  // Node 22.6 has it by this option, 22.18 and 24 by default.
  it.runIf(testNodeMajor >= 22).each(['import', 'require'] as const)(
    'type stripping, by --%s',
    async (preload) => {
      const { stdout } = await expectRelayed(['--experimental-strip-types', '--no-warnings', relayTS], {
        preload,
      });
      expect(stdout).toBe('relayed\n');
    },
  );
});

describe('[H135] package managers that lay packages elsewhere', { timeout: 120_000 }, () => {
  it('pnpm', async (test) => {
    needPeers(test, 'pnpm');
    const project = await newProject('pnpm');
    const pnpm = join(peer('pnpm', 'pnpm'), 'bin', 'pnpm.cjs');
    await command(project, [
      pnpm,
      'add',
      '--offline',
      '--store-dir',
      join(directory, 'store'),
      await tarball(),
    ]);
    for (const preload of ['import', 'require'] as const) {
      const { stdout, stderr } = await expectRelayed(['relay.cjs'], { preload, cwd: project });
      expect({ stdout, stderr }).toEqual({ stdout: 'relayed\n', stderr: '' });
    }
  });

  it('Yarn PnP', async (test) => {
    needPeers(test, 'yarn');
    const project = await newProject('pnp');
    const yarn = join(peer('yarn', 'yarn'), 'bin', 'yarn.js');
    writeFileSync(
      join(project, '.yarnrc.yml'),
      'nodeLinker: pnp\nenableTelemetry: false\nenableNetwork: false\n',
    );
    writeFileSync(join(project, 'yarn.lock'), '');
    await command(project, [yarn, 'add', `@org/trace-agent@file:${await tarball()}`]);
    const files = readdirSync(project);
    expect(files).toContain('.pnp.cjs');
    expect(files).not.toContain('node_modules');
    const nodeOptions = ['--require', join(project, '.pnp.cjs')];
    const { stdout, stderr } = await expectRelayed(['relay.cjs'], {
      preload: 'require',
      cwd: project,
      nodeOptions,
    });
    expect({ stdout, stderr }).toEqual({ stdout: 'relayed\n', stderr: '' });
  });
});

it.skipIf(whyNotHere('H136'))('[H136] --permission', async () => {
  const permission = testNodeMajor === 20 ? '--experimental-permission' : '--permission';
  const nodeOptions = [
    permission,
    '--no-warnings',
    `--allow-fs-read=${join(root, 'fixtures', '*')}`,
    `--allow-fs-read=${register}`,
    // Node 25 on guards the network too.
    ...(testNodeMajor >= 25 ? ['--allow-net'] : []),
  ];
  const withAgent = await expectRelayed([RELAY], {
    preload: 'none',
    nodeOptions: [...nodeOptions, '--require', register],
  });
  const { result } = await relay([RELAY], { preload: 'none', nodeOptions });
  expect(withAgent).toEqual(result);
});

async function newProject(name: string): Promise<string> {
  const project = join(directory, name);
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "private": true, "name": "project" }\n');
  copyFileSync(RELAY, join(project, 'relay.cjs'));
  return project;
}

let packed: Promise<string> | undefined;

/** The package as it is published. */
function tarball(): Promise<string> {
  packed ??= (async () => {
    const options = { cwd: root };
    await promisify(execFile)('npm', ['pack', '--ignore-scripts', '--pack-destination', directory], options);
    return join(directory, readdirSync(directory).find((name) => name.endsWith('.tgz')) ?? '');
  })();
  return packed;
}

/** Runs a package manager in a project, away from the user's own settings and stores. */
async function command(cwd: string, args: string[]): Promise<void> {
  const env = { ...process.env, HOME: directory, YARN_GLOBAL_FOLDER: join(directory, 'yarn'), CI: '' };
  await promisify(execFile)(testNode, args, { cwd, env });
}
