import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseDockerfile } from '../../scripts/dockerfile.mjs';
import { missingTools } from '../../scripts/tools.mjs';
import { expectRelayed, RELAY, relay } from '../conformance/relay.ts';
import { root as repository, run, testNode } from '../support/app.ts';
import { ENVIRONMENT, enter, makeRoot, put } from './root-directory.ts';
import { COLLECTOR_PORT, environmentOf, PORTS, runShop, type Service } from './shop.ts';
import { needNamespaces, needTools, REGISTER } from './support.ts';

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'trace-agent-image-')));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const TOOLS = ['umoci', 'skopeo', 'tar', 'busybox'];
const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
const image = join(scratch, 'image');
const rootfs = join(scratch, 'bundle', 'rootfs');

function build(output: string): string {
  return execFileSync(process.execPath, [join(repository, 'scripts/image.mjs'), '--output', output], {
    encoding: 'utf8',
    env: { ...process.env, SOURCE_DATE_EPOCH: '1700000000' },
  });
}

const layoutImage = `${join(image, 'oci')}:${version}-${architecture}`;
let built = '';

beforeAll(() => {
  if (missingTools(TOOLS).length > 0) return;
  built = build(image);
  // What needs no root is run without it, too.
  const rootless = process.getuid?.() === 0 ? [] : ['--rootless'];
  execFileSync('umoci', ['unpack', ...rootless, '--image', layoutImage, join(scratch, 'bundle')]);
}, 120_000);

/** `mode owner:group size|- path` of everything below. */
function listing(directory: string, path = ''): string[] {
  return readdirSync(join(directory, path), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const name = `${path}/${entry.name}`;
      const { mode, uid, gid } = statSync(join(directory, name));
      const line = `${(mode & 0o7777).toString(8)} ${uid}:${gid} ${name}`;
      return entry.isDirectory() ? [`${line}/`, ...listing(directory, name)] : [line];
    });
}

const dockerfileText = readFileSync(join(repository, 'deploy/image/Dockerfile'), 'utf8');

describe('the Dockerfile', () => {
  it('is parsed into stages, copies and settings', () => {
    expect(parseDockerfile(dockerfileText)).toEqual({
      stages: { busybox: expect.stringMatching(/^busybox:[\d.]+-musl$/) },
      labels: {
        'org.opencontainers.image.title': 'trace-agent',
        'org.opencontainers.image.description': expect.any(String),
        'org.opencontainers.image.version': version,
        'org.opencontainers.image.licenses': 'MIT AND GPL-2.0-only',
      },
      env: { PATH: '/bin' },
      copies: [
        { from: 'busybox', chown: '0:0', source: '/bin/busybox', destination: '/bin/cp' },
        { chown: '0:0', source: 'licenses', destination: '/licenses' },
        { chown: '0:0', source: 'autoinstrumentation', destination: '/autoinstrumentation' },
        { chown: '65532:65532', source: 'volume', destination: '/' },
      ],
      user: '65532:65532',
      cmd: ['cp', '-r', '/autoinstrumentation/.', '/trace-agent'],
    });
  });

  it.each(['RUN true', 'ENTRYPOINT ["cp"]', 'COPY --link a /b', 'COPY a b /c', 'USER'])(
    'is not built where it says what the reader does not know: %s',
    (line) => {
      expect(() => parseDockerfile(`${dockerfileText}\n${line}\n`)).toThrow(/known here/);
    },
  );
});

describe('the image', { timeout: 120_000 }, () => {
  beforeEach((test) => needTools(test, TOOLS));

  it('contains exactly these files', (test) => {
    if (process.getuid?.() !== 0) test.skip('owners are told apart by root alone');
    expect(listing(rootfs)).toEqual([
      '755 0:0 /autoinstrumentation/',
      '644 0:0 /autoinstrumentation/LICENSE',
      '644 0:0 /autoinstrumentation/THIRD-PARTY-NOTICES',
      '644 0:0 /autoinstrumentation/autoinstrumentation.js',
      '644 0:0 /autoinstrumentation/package.json',
      '644 0:0 /autoinstrumentation/register.cjs',
      '755 0:0 /bin/',
      '755 0:0 /bin/cp',
      '755 0:0 /licenses/',
      '644 0:0 /licenses/BUSYBOX',
      '755 65532:65532 /trace-agent/',
    ]);
  });

  it('has one built file under two names, beside its own manifest', () => {
    const read = (name: string) => readFileSync(join(rootfs, 'autoinstrumentation', name));
    expect(read('register.cjs').equals(readFileSync(REGISTER))).toBe(true);
    expect(read('autoinstrumentation.js').equals(read('register.cjs'))).toBe(true);
    expect(JSON.parse(String(read('package.json')))).toEqual({
      name: '@org/trace-agent',
      version,
      type: 'commonjs',
    });
  });

  it('contains the licence of BusyBox and the location of its source', () => {
    const text = readFileSync(join(rootfs, 'licenses', 'BUSYBOX'), 'utf8');
    expect(text).toContain('https://busybox.net/downloads/');
    expect(text).toMatch(
      /GNU GENERAL PUBLIC LICENSE\s+Version 2, June 1991[\s\S]+END OF TERMS AND CONDITIONS/,
    );
  });

  it('is configured as the Dockerfile says', () => {
    const inspect = (...args: string[]) =>
      JSON.parse(execFileSync('skopeo', ['inspect', ...args, `oci:${layoutImage}`], { encoding: 'utf8' }));
    const { labels, env, user, cmd } = parseDockerfile(dockerfileText);
    expect(inspect('--config')).toMatchObject({
      os: 'linux',
      architecture,
      created: '2023-11-14T22:13:20Z',
      config: { User: user, Cmd: cmd, Labels: labels, Env: [`PATH=${env['PATH']}`] },
    });
    expect(inspect('--raw').annotations).toEqual(labels);
  });

  it('is under 1.3 MB, as a registry has it', () => {
    const size = Number(/ (\d+) bytes of layers/.exec(built)?.[1]);
    expect(size).toBeGreaterThan(10_000);
    expect(size).toBeLessThan(1_300_000);
  });

  it('has the same digest when it is built again', async () => {
    const again = join(scratch, 'again');
    const digest = (said: string) => /sha256:\w+/.exec(said)?.[0];
    expect(digest(build(again))).toBe(digest(built));
    const archive = `trace-agent-${version}-${architecture}.tar`;
    expect(readFileSync(join(again, archive)).equals(readFileSync(join(image, archive)))).toBe(true);
  });

  it('comes as an archive that bears its name, for docker load', () => {
    const archive = join(image, `trace-agent-${version}-${architecture}.tar`);
    const manifest = JSON.parse(
      execFileSync('tar', ['-xOf', archive, 'manifest.json'], { encoding: 'utf8' }),
    );
    expect(manifest[0].RepoTags).toEqual([expect.stringMatching(new RegExp(`(^|/)trace-agent:${version}$`))]);
  });
});

describe('as the operator uses it', { timeout: 120_000 }, () => {
  const VOLUME = '/otel-auto-instrumentation-nodejs';
  const NODE_OPTIONS = ' --require /otel-auto-instrumentation-nodejs/autoinstrumentation.js';
  const emptyDir = join(scratch, 'emptyDir');

  beforeEach((test) => {
    needTools(test, TOOLS);
    needNamespaces(test);
  });

  it('its cp fills the volume, as the image’s user, in a root that cannot be written to', async () => {
    mkdirSync(emptyDir);
    chmodSync(emptyDir, 0o777); // as the kubelet makes it
    mkdirSync(join(rootfs, VOLUME));
    const [command, ...args] = enter({
      root: rootfs,
      mounts: [{ source: emptyDir, target: VOLUME, writable: true }],
      command: ['cp', '-r', '/autoinstrumentation/.', VOLUME],
    });
    const options = { node: command as string, preload: 'none', env: { ...ENVIRONMENT } } as const;
    expect(await run(args, options)).toEqual({ code: 0, stdout: '', stderr: '' });
    const files = [
      'LICENSE',
      'THIRD-PARTY-NOTICES',
      'autoinstrumentation.js',
      'package.json',
      'register.cjs',
    ];
    expect(listing(emptyDir)).toEqual(files.map((name) => `644 65532:65532 /${name}`));
    // A second time too, when a pod's init container is run again.
    expect(await run(args, options)).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  const applications = join(scratch, 'applications');
  const shop = (env: Record<string, string>) => {
    const start = (name: keyof typeof PORTS, file: string): Service => ({
      name,
      argv: enter({
        root: applications,
        mounts: [
          { source: repository, target: '/app' },
          { source: emptyDir, target: VOLUME },
        ],
        workingDirectory: '/app',
        command: ['node', `fixtures/demo/${file}`],
      }),
      env: { ...ENVIRONMENT, ...environmentOf(name), ...env },
    });
    return runShop({
      gateway: `http://127.0.0.1:${PORTS.gateway}`,
      collectorPort: COLLECTOR_PORT,
      services: [
        start('gateway', 'gateway.mjs'),
        start('pricing', 'pricing.cjs'),
        start('inventory', 'inventory.mjs'),
      ],
    });
  };

  it('services that start with its NODE_OPTIONS give one trace for each order', async () => {
    makeRoot(applications, testNode, ['/app', VOLUME]);
    const { answers, problems, refused, runs, output } = await shop({ NODE_OPTIONS });
    expect(new Set(answers)).toEqual(new Set(['as expected']));
    expect({ problems, refused }).toEqual({ problems: [], refused: [] });
    expect(runs).toBeGreaterThan(40);
    for (const { stderr } of Object.values(output)) expect(stderr).toBe('');
  });

  it('and several traces without it', async () => {
    const { answers, problems } = await shop({});
    expect(new Set(answers)).toEqual(new Set(['as expected']));
    expect(new Set(problems)).toEqual(new Set(['fell into 3 traces', 'fell into 4 traces']));
  });
});

describe('as deploy/docker/Dockerfile bakes it in', { timeout: 120_000 }, () => {
  const text = readFileSync(join(repository, 'deploy/docker/Dockerfile'), 'utf8');
  const [, reference, source = '', target = ''] = /^COPY --from=(\S+) (\S+) (\S+)$/m.exec(text) ?? [];
  const [, NODE_OPTIONS = ''] = /^ENV NODE_OPTIONS="(.+)"$/m.exec(text) ?? [];

  it('an application relays, and without it does not', async (test) => {
    needTools(test, TOOLS);
    needNamespaces(test);
    expect(reference).toBe(`trace-agent:${version}`);
    const root = makeRoot(join(scratch, 'baked'), testNode);
    put(root, RELAY, '/app/relay.cjs');
    cpSync(join(rootfs, source), join(root, target), { recursive: true });
    const [node = '', ...args] = enter({ root, user: '1000:1000', command: ['node', '/app/relay.cjs'] });
    const options = { preload: 'none', node } as const;
    const env = { ...ENVIRONMENT, NODE_OPTIONS };
    const { stdout, stderr } = await expectRelayed(args, { ...options, env });
    expect({ stdout, stderr }).toEqual({ stdout: 'relayed\n', stderr: '' });
    const without = await relay(args, { ...options, env: ENVIRONMENT });
    expect(without.seen.map(([, trace]) => trace)).toEqual([undefined, undefined, undefined, undefined]);
  });
});
