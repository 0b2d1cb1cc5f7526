import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { expectRelayed, RELAY } from '../conformance/relay.ts';
import { type AppOptions, root, run, testNodeMajor } from '../support/app.ts';
import { injected, linesOf, othersOf, REGISTER } from './support.ts';

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'trace-agent-copies-')));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const { version: VERSION } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const NEWER = '98.0.0';
const OLDER = '0.0.1';

let count = 0;

/** An application that relays, with this version of the package in its node_modules. */
function newApp(version?: string): { directory: string; main: string; copy: string } {
  const directory = join(scratch, `app-${++count}`);
  const copy = join(directory, 'node_modules', '@org', 'trace-agent');
  mkdirSync(join(directory, 'bin'), { recursive: true });
  const main = join(directory, 'bin', 'main.cjs');
  cpSync(RELAY, main);
  if (version !== undefined) putCopy(copy, version);
  return { directory, main, copy };
}

/** The package as it is built, but for its version. */
function putCopy(copy: string, version: string): void {
  mkdirSync(join(copy, 'dist'), { recursive: true });
  const put = (path: string) => {
    const text = readFileSync(join(root, path), 'utf8');
    const changed = text.replaceAll(`"${VERSION}"`, `"${version}"`);
    expect(path.endsWith('.mjs') || text.includes(VERSION), path).toBe(true);
    writeFileSync(join(copy, path), changed);
  };
  for (const path of ['package.json', 'register.mjs', 'dist/register.cjs']) put(path);
}

const started = (version: string) => expect.stringMatching(`info: version ${version} started on Node\\.js`);
const steppedAside = (copy: string, version = NEWER) =>
  `[trace-agent] info: not started: the application's own version ${version} in ${copy} is newer than this, version ${VERSION}`;
const atWork = (version: string, other: string) =>
  `[trace-agent] info: version ${version} is running already, so version ${other} does not start`;

/** Runs the application with the file injected; it must relay, and say nothing but the agent's own lines. */
async function linesWhenInjected(main: string, options: AppOptions = {}): Promise<string[]> {
  const { stdout, stderr } = await expectRelayed([main], {
    preload: 'none',
    ...options,
    env: { ...injected(), ...options.env },
  });
  expect({ stdout, others: othersOf(stderr) }).toEqual({ stdout: 'relayed\n', others: '' });
  return linesOf(stderr);
}

describe('the application brings a newer copy of the agent', () => {
  it('and it runs in place of the injected one, although nothing preloads it', async () => {
    const { main, copy } = newApp(NEWER);
    expect(await linesWhenInjected(main)).toEqual([steppedAside(copy), started(NEWER)]);
  });

  it('and preloads it too, after ours', async () => {
    for (const preload of ['require', 'import', 'both'] as const) {
      const { main, copy, directory } = newApp(NEWER);
      const lines = await linesWhenInjected(main, { preload, cwd: directory });
      expect(lines).toEqual([steppedAside(copy), started(NEWER)]);
    }
  });

  it('and preloads it before ours', async () => {
    const { main, directory, copy } = newApp(NEWER);
    const env = { NODE_OPTIONS: `--require ${copy}/dist/register.cjs --require ${REGISTER}` };
    expect(await linesWhenInjected(main, { cwd: directory, env })).toEqual([
      started(NEWER),
      atWork(NEWER, VERSION),
    ]);
  });

  it('started by its folder, by a link in another one, and by a link to the package', async () => {
    const byFolder = newApp(NEWER);
    writeFileSync(join(byFolder.directory, 'package.json'), '{ "main": "bin/main.cjs" }');
    const options = { cwd: byFolder.directory };
    expect(await linesWhenInjected('.', options)).toEqual([steppedAside(byFolder.copy), started(NEWER)]);

    const elsewhere = join(scratch, 'bin-of-the-user');
    symlinkSync(byFolder.main, elsewhere);
    expect(await linesWhenInjected(elsewhere)).toEqual([steppedAside(byFolder.copy), started(NEWER)]);

    const linked = newApp();
    const store = join(scratch, 'store', 'trace-agent');
    putCopy(store, NEWER);
    mkdirSync(dirname(linked.copy), { recursive: true });
    symlinkSync(store, linked.copy);
    expect(await linesWhenInjected(linked.main)).toEqual([steppedAside(store), started(NEWER)]);
  });

  it('that is newer by a prerelease of a later version', async () => {
    const { main, copy } = newApp('98.0.0-rc.1');
    expect(await linesWhenInjected(main)).toEqual([
      steppedAside(copy, '98.0.0-rc.1'),
      started('98.0.0-rc.1'),
    ]);
  });

  it('but with TRACE_AGENT_FORCE the injected one runs, and the other one detects it', async () => {
    const { main, directory } = newApp(NEWER);
    const env = { TRACE_AGENT_FORCE: '1' };
    expect(await linesWhenInjected(main, { preload: 'require', cwd: directory, env })).toEqual([
      started(VERSION),
      atWork(VERSION, NEWER),
    ]);
  });

  it.each([
    ['its file is not there', (copy: string) => rmSync(join(copy, 'dist'), { recursive: true })],
    [
      'its file throws',
      (copy: string) => writeFileSync(join(copy, 'dist/register.cjs'), "throw new Error('broken')"),
    ],
    ['its file does not parse', (copy: string) => writeFileSync(join(copy, 'dist/register.cjs'), 'const =')],
  ])('that cannot be loaded (%s): the injected one works, and a warning says so', async (_why, spoil) => {
    const { main, copy } = newApp(NEWER);
    spoil(copy);
    const lines = await linesWhenInjected(main, { env: { TRACE_AGENT_LOG: 'warn' } });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(
      `warn: version ${VERSION} starts, because the application's newer version ${NEWER} in ${copy} cannot be loaded: `,
    );
  });

  it('that leaves this process alone, as where it needs a newer Node.js: the injected one works', async () => {
    const { main, copy } = newApp(NEWER);
    writeFileSync(join(copy, 'dist/register.cjs'), '');
    expect(await linesWhenInjected(main)).toEqual([
      steppedAside(copy),
      `[trace-agent] info: the newer version did not start, so version ${VERSION} starts`,
      started(VERSION),
    ]);
  });

  it('and it also runs in worker threads', async () => {
    const { main, directory, copy } = newApp(NEWER);
    writeFileSync(main, "new (require('worker_threads').Worker)(__dirname + '/worker.cjs');");
    writeFileSync(
      join(directory, 'bin', 'worker.cjs'),
      "new (require('worker_threads').Worker)('', { eval: true });",
    );
    const { stderr } = await run([main], { preload: 'none', cwd: scratch, env: injected() });
    const once = [steppedAside(copy), started(NEWER)];
    expect(linesOf(stderr)).toEqual([...once, ...once, ...once]);
  });

  it('logs nothing about it by default', async () => {
    const { main } = newApp(NEWER);
    expect(await linesWhenInjected(main, { env: { TRACE_AGENT_LOG: '' } })).toEqual([]);
  });
});

describe('the injected file runs itself if the application has', () => {
  it.each([OLDER, VERSION, 'no version'])('a copy of version %s', async (version) => {
    const { main, directory } = newApp(version);
    expect(await linesWhenInjected(main)).toEqual([started(VERSION)]);
    const both = await linesWhenInjected(main, { preload: 'require', cwd: directory });
    expect(both).toEqual([started(VERSION), atWork(VERSION, version)]);
  });

  it('an older copy that is preloaded after it', async () => {
    const { main, directory, copy } = newApp(OLDER);
    const env = { NODE_OPTIONS: `--require ${copy}/dist/register.cjs --require ${REGISTER}` };
    expect(await linesWhenInjected(main, { cwd: directory, env })).toEqual([
      started(OLDER),
      atWork(OLDER, VERSION),
    ]);
  });

  it('this very file', async () => {
    const { main, copy } = newApp();
    putCopy(copy, NEWER);
    const manifest = join(copy, 'package.json');
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(NEWER, '99.0.0'));
    const link = join(scratch, 'link.cjs');
    symlinkSync(join(copy, 'dist', 'register.cjs'), link);
    for (const file of [join(copy, 'dist', 'register.cjs'), link]) {
      expect(await linesWhenInjected(main, { env: injected(file) })).toEqual([started(NEWER)]);
    }
  });

  it.each([
    ['nothing', undefined],
    ['a manifest that cannot be read', 'not json'],
    ['a manifest without a version', '{}'],
    ['a manifest of null', 'null'],
  ])('%s', async (_what, manifest) => {
    const { main, copy } = newApp();
    if (manifest !== undefined) {
      mkdirSync(copy, { recursive: true });
      writeFileSync(join(copy, 'package.json'), manifest);
    }
    expect(await linesWhenInjected(main)).toEqual([started(VERSION)]);
  });

  it.skipIf(testNodeMajor < 20)('a copy that --permission does not let it see', async () => {
    const { main, directory } = newApp(NEWER);
    const permission = testNodeMajor === 20 ? '--experimental-permission' : '--permission';
    const nodeOptions = [
      permission,
      '--no-warnings',
      `--allow-fs-read=${join(directory, 'bin', '*')}`,
      `--allow-fs-read=${REGISTER}`,
      // Node 25 on guards the network too.
      ...(testNodeMajor >= 25 ? ['--allow-net'] : []),
    ];
    expect(await linesWhenInjected(main, { nodeOptions })).toEqual([started(VERSION)]);
  });

  it.each([['-e', 'console.log(1)'], ['-p', '1'], ['-pe', '1'], ['--eval=console.log(1)']])(
    '%s, which has no main file: its argument is not taken for one',
    async (...args) => {
      const { directory, main } = newApp(NEWER);
      const options = { preload: 'none', cwd: directory, env: injected() } as const;
      for (const more of [[], [main], ['npm']]) {
        const { stdout, stderr } = await run([...args, ...more], options);
        expect({ stdout, lines: linesOf(stderr) }).toEqual({ stdout: '1\n', lines: [started(VERSION)] });
      }
    },
  );

  it('the first argument of a worker thread, which is not its main file', async () => {
    const { main: named } = newApp(NEWER);
    const { main, directory } = newApp();
    writeFileSync(
      main,
      "new (require('worker_threads').Worker)('', { eval: true, argv: [process.argv[2]] });",
    );
    for (const argument of [named, 'npm']) {
      const options = { preload: 'none', cwd: directory, env: injected() } as const;
      const { stderr } = await run([main, argument], options);
      expect(linesOf(stderr)).toEqual([started(VERSION), started(VERSION)]);
    }
  });
});
