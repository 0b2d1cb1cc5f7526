import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppOptions, fixture, root, run } from '../support/app.ts';
import { dottedOrder } from '../support/trace.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { whyNotHere } from './list.ts';
import { expectSame, type Subject, startSubject } from './support.ts';

const directory = mkdtempSync(join(tmpdir(), 'trace-agent-conformance-'));
const copy = join(directory, 'copy.cjs');
let upstream: Upstream;
let secure: Upstream;
beforeAll(async () => {
  copyFileSync(join(root, 'dist', 'register.cjs'), copy);
  [upstream, secure] = await Promise.all([startUpstream(), startUpstream({ tls: true })]);
});
afterAll(async () => {
  await Promise.all([upstream?.close(), secure?.close()]);
  rmSync(directory, { recursive: true, force: true });
});

const captureFirst = ['--require', fixture('preload/capture-first.cjs')];

/** The names of a fixture’s cases, before any process runs. */
const requires = Object.keys(createRequire(import.meta.url)(fixture('conformance/h-requires.cjs')) as object);
const { default: imports } = (await import(fixture('conformance/h-imports.mjs'))) as { default: object };

describe.each(['import', 'require'] as const)('by --%s', (preload) => {
  const subjects: Record<string, Subject> = {};
  beforeAll(async () => {
    subjects['esm'] = await startSubject('h-imports.mjs', { preload });
    subjects['cjs'] = await startSubject('h-requires.cjs', { preload, nodeOptions: captureFirst });
  });
  afterAll(async () => {
    for (const subject of Object.values(subjects)) await subject.stop();
  });

  async function once(modules: string, name: string): Promise<void> {
    const to = name.includes('https') ? secure : upstream;
    const args = { url: `${upstream.url}/path`, secure: `${secure.url}/path` };
    const compared = await expectSame(subjects[modules] as Subject, to, name, args);
    expect(compared.thrown).toBeUndefined();
    expect(compared.relayed).toHaveLength(1);
  }

  for (const name of Object.keys(imports)) {
    const line = name.startsWith('bare') ? 'H125' : 'H124';
    it(`[${line}] ${name}`, () => once('esm', name));
  }
  for (const name of requires) {
    const line =
      { bare: 'H125', getBuiltinModule: 'H127', captured: 'H128' }[name.split(/[ ,]/)[0] ?? ''] ?? 'H126';
    it.skipIf(whyNotHere(line))(`[${line}] ${name}`, () => once('cjs', name));
  }
});

describe.each<[string, string, AppOptions]>([
  ['H129', '--require and --import', { preload: 'both' }],
  [
    'H130',
    'two copies, ours first',
    { preload: 'none', nodeOptions: ['--require', join(root, 'dist/register.cjs'), '--require', copy] },
  ],
  ['H130', 'two copies, one by --import', { preload: 'import', nodeOptions: ['--require', copy] }],
])('[%s] %s', (_line, _title, options) => {
  let subject: Subject;
  beforeAll(async () => {
    subject = await startSubject('h-requires.cjs', options, { preload: 'none', nodeOptions: [] });
  });
  afterAll(() => subject?.stop());

  it.each(['require', 'fetch'])('inject once: %s', async (name) => {
    const compared = await expectSame(subject, upstream, name, { url: `${upstream.url}/path` });
    expect(compared.relayed).toHaveLength(1);
  });
});

// `npm run conformance` and `npm run test:nodes` install the binaries and name them here.
const unsupported = (process.env['TRACE_AGENT_UNSUPPORTED_NODES'] ?? '')
  .split(':')
  .filter((path) => path !== '');

it('[H137] an unsupported Node: leaves quietly', async ({ skip, task }) => {
  if (unsupported.length === 0) {
    const why = 'needs the Node binaries that "npm run conformance" installs from npm (linux-x64)';
    Object.assign(task.meta, { why });
    skip(why);
  }
  for (const node of unsupported) {
    const source = "console.log('the application', Object.getOwnPropertySymbols(global).length)";
    const nodeOptions = ['--require', join(root, 'dist/register.cjs')];
    const plain = await run(['-e', source], { node, preload: 'none' });
    expect(await run(['-e', source], { node, preload: 'none', nodeOptions })).toEqual(plain);
    expect(plain).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('the application') });
  }
});

it.each(['by itself', 'exit', 'exitCode', 'throw', 'reject', 'SIGTERM', 'own SIGTERM'])(
  '[H138] the end of a process is its own: %s',
  async (way) => {
    const args = [fixture('conformance/ends.cjs'), way];
    const env = { TRACE: dottedOrder() };
    const plain = await run(args, { preload: 'none', env });
    expect(plain.stdout).toContain('answered');
    const withAgent = await run(args, { preload: 'require', env });
    expect({ ...withAgent, stderr: '' }).toEqual({ ...plain, stderr: '' });
    expect(withAgent.stderr.replace(/.*(?:register\.cjs|trace-agent:core).*\n/g, '')).toBe(plain.stderr);
    // Node's own loader listens for the exit where anything is imported.
    const nodeOptions = ['--import', 'data:text/javascript,'];
    const importing = await run(args, { preload: 'none', nodeOptions, env });
    const { code, stdout } = await run(args, { preload: 'import', env });
    expect({ code, stdout }).toEqual({ code: importing.code, stdout: importing.stdout });
  },
);

it('[H138] no handle of the agent’s keeps a process alive', async () => {
  const source = 'console.log(JSON.stringify(process.getActiveResourcesInfo().sort()))';
  const plain = await run(['-e', source], { preload: 'none' });
  expect(await run(['-e', source], { preload: 'require' })).toEqual(plain);
});
