import { execFileSync, spawnSync } from 'node:child_process';
import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { missingTools } from '../../scripts/tools.mjs';
import { root as repository, testNode } from '../support/app.ts';
import { ENVIRONMENT, enter, type Mount, makeRoot } from './root-directory.ts';
import { type Outcome, runShop, type Service } from './shop.ts';
import { lacks, needNamespaces, needTools } from './support.ts';

const COMPOSE_FILE = join(repository, 'deploy/compose/compose.yaml');
const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'trace-agent-compose-')));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface ComposeVolume {
  readonly type: 'bind' | 'volume';
  readonly source: string;
  readonly target: string;
  readonly read_only?: boolean;
}
interface ComposeService {
  readonly image: string;
  readonly command: readonly string[] | null;
  readonly environment?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly working_dir?: string;
  readonly volumes: readonly ComposeVolume[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly ports?: readonly {
    readonly host_ip: string;
    readonly published: string;
    readonly target: number;
  }[];
}
interface ComposeProject {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, { readonly name: string }>>;
}

const loader = join(scratch, 'load');
let whyNot: string | undefined;

beforeAll(() => {
  if (missingTools(['go']).length > 0) whyNot = 'go; to install it: https://go.dev/doc/install';
  else if (
    spawnSync('go', ['build', '-o', loader, '.'], { cwd: join(repository, 'test/compose') }).status !== 0
  )
    whyNot = 'the Go modules of test/compose';
}, 300_000);

/** The project as Compose's own loader reads it. */
function load(file: string): ComposeProject {
  return JSON.parse(execFileSync(loader, [file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** Services in the order in which Compose starts them. */
function inOrder(services: ComposeProject['services']): string[] {
  const order: string[] = [];
  const add = (name: string) => {
    for (const needed of Object.keys(services[name]?.depends_on ?? {})) add(needed);
    if (!order.includes(name)) order.push(name);
  };
  for (const name of Object.keys(services)) add(name);
  return order;
}

describe('deploy/compose/compose.yaml', { timeout: 120_000 }, () => {
  beforeEach((test) => {
    if (whyNot !== undefined) lacks(test, whyNot);
  });

  it('is a Compose file, by the loader of Compose', () => {
    const { services, volumes } = load(COMPOSE_FILE);
    expect(Object.keys(services).sort()).toEqual([
      'gateway',
      'inventory',
      'langsmith',
      'pricing',
      'trace-agent',
    ]);
    expect(volumes['trace-agent']?.name).toBe(`trace-agent-${version}`);
    expect(services['trace-agent']?.image).toBe(`trace-agent:${version}`);
  });

  it('the check fails for an invalid file', () => {
    const file = join(scratch, 'compose.yaml');
    const text = readFileSync(COMPOSE_FILE, 'utf8');
    writeFileSync(file, text.replaceAll('depends_on:', 'depends_upon:'));
    expect(() => load(file)).toThrow(/depends_upon/);
    writeFileSync(file, text.replaceAll('service_completed_successfully', 'service_ended'));
    expect(() => load(file)).toThrow(/service_completed_successfully/);
    writeFileSync(file, text.replaceAll('- trace-agent:/trace-agent', '- agent:/trace-agent'));
    expect(() => load(file)).toThrow(/undefined volume agent/);
  });
});

describe('its services, run with the Node.js of the tests in place of an engine', {
  timeout: 120_000,
}, () => {
  beforeEach((test) => {
    if (whyNot !== undefined) lacks(test, whyNot);
    needTools(test, ['umoci', 'skopeo', 'busybox', 'tar']);
    needNamespaces(test);
  });

  /** What an engine does, as far as it goes without: images are roots, the network is one loopback. */
  function start({ services, volumes }: ComposeProject): Promise<Outcome> {
    const at = mkdtempSync(join(scratch, 'run-'));
    const targets = Object.values(services).flatMap((service) => service.volumes.map(({ target }) => target));
    const nodeRoot = makeRoot(join(at, 'node'), testNode, [...targets, '/etc']);
    writeFileSync(
      join(nodeRoot, 'etc/hosts'),
      Object.keys(services)
        .map((name) => `127.0.0.1 ${name}\n`)
        .join(''),
    );
    const agentRoot = join(at, 'bundle', 'rootfs');
    execFileSync(process.execPath, [join(repository, 'scripts/image.mjs'), '--output', join(at, 'image')]);
    const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
    const image = `${join(at, 'image/oci')}:${version}-${architecture}`;
    execFileSync('umoci', ['unpack', '--image', image, join(at, 'bundle')]);
    const { config } = JSON.parse(
      execFileSync('skopeo', ['inspect', '--config', `oci:${image}`], { encoding: 'utf8' }),
    );
    const users: Record<string, string> = { node: '1000:1000' };

    const mount = (root: string, { type, source, target, read_only }: ComposeVolume): Mount => {
      const writable = read_only !== true;
      if (type === 'bind') return { source, target, writable };
      const directory = join(at, 'volumes', volumes[source]?.name ?? '');
      mkdirSync(directory, { recursive: true });
      // An empty volume takes the owner of the folder that it is first mounted over.
      const { uid, gid } = statSync(join(root, target));
      if (writable) chownSync(directory, uid, gid);
      return { source: directory, target, writable };
    };
    const ended = Object.values(services).flatMap((service) =>
      Object.entries(service.depends_on ?? {})
        .filter(([, { condition }]) => condition === 'service_completed_successfully')
        .map(([name]) => name),
    );
    const toService = (name: string): Service => {
      const service = services[name] as ComposeService;
      const isAgent = service.image === `trace-agent:${version}`;
      const root = isAgent ? agentRoot : nodeRoot;
      const command = service.command ?? (isAgent ? config.Cmd : []);
      const user = isAgent ? config.User : (users[service.user ?? ''] ?? '0:0');
      return {
        name,
        ends: ended.includes(name),
        env: { ...ENVIRONMENT, ...service.environment },
        argv: enter({
          root,
          user,
          workingDirectory: service.working_dir ?? '/',
          mounts: service.volumes.map((volume) => mount(root, volume)),
          command,
        }),
      };
    };
    const port = services['gateway']?.ports?.[0]?.published;
    return runShop({ gateway: `http://127.0.0.1:${port}`, services: inOrder(services).map(toService) });
  }

  /** The first lines of the trees that the local LangSmith printed. */
  function roots({ output }: Outcome): string[] {
    const lines = output['langsmith']?.stdout.split('\n') ?? [];
    return lines.filter((line) => /^(place-order|reserve-stock|lookup-sku) /.test(line));
  }

  it('prints one trace for each order', async () => {
    const outcome = await start(load(COMPOSE_FILE));
    expect(new Set(outcome.answers)).toEqual(new Set(['as expected']));
    expect(roots(outcome)).toHaveLength(14);
    expect(new Set(roots(outcome).map((line) => line.split(' ')[0]))).toEqual(new Set(['place-order']));
    for (const name of ['trace-agent', 'gateway', 'pricing', 'inventory']) {
      expect(outcome.output[name]?.stderr, name).toBe('');
    }
  });

  it('and without NODE_OPTIONS several', async () => {
    const file = join(scratch, 'compose.yaml');
    const text = readFileSync(COMPOSE_FILE, 'utf8');
    writeFileSync(file, text.replace(/^ +NODE_OPTIONS: .*\n/gm, '').replaceAll('../..:', `${repository}:`));
    const outcome = await start(load(file));
    expect(new Set(outcome.answers)).toEqual(new Set(['as expected']));
    expect(roots(outcome).length).toBeGreaterThan(14 * 2);
  });
});
