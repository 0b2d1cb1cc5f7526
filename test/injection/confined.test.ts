import { createHash } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { muslNode } from '../../scripts/musl-node.mjs';
import { binary, installNodes, SUPPORTED } from '../../scripts/nodes.mjs';
import { expectRelayed, RELAY } from '../conformance/relay.ts';
import { type AppOptions, run } from '../support/app.ts';
import { ENVIRONMENT, enter, makeRoot, put } from './root-directory.ts';
import { lacks, linesOf, needNamespaces, othersOf, REGISTER } from './support.ts';

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'trace-agent-confined-')));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const AGENT = '/trace-agent/register.cjs';
const APP = '/app/relay.cjs';

/** A root with nothing but the application, the injected file, and what makes Node run. */
function putApplication(root: string): void {
  put(root, REGISTER, AGENT);
  put(root, RELAY, APP);
}

function options(user: string, NODE_OPTIONS = `--require ${AGENT}`): AppOptions {
  return { preload: 'none', env: { ...ENVIRONMENT, NODE_OPTIONS, TRACE_AGENT_LOG: 'info', USER: user } };
}

/** Runs the application in the root as this user; it must relay, and say nothing. */
async function expectRelayedIn(root: string, user: string, nodeArguments: string[] = []): Promise<void> {
  const command = ['node', ...nodeArguments, APP];
  const [program, ...args] = enter({ root, user, workingDirectory: '/app', command });
  const { stdout, stderr } = await expectRelayed(args, { ...options(user), node: program as string });
  expect({ stdout, others: othersOf(stderr) }).toEqual({ stdout: 'relayed\n', others: '' });
  expect(linesOf(stderr)).toEqual([expect.stringContaining('started on Node.js')]);
}

/** All that is in a folder: names, kinds, modes, owners, sizes, times and contents. */
function contents(directory: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(directory, name);
    const { mode, uid, gid, size, mtimeMs, ctimeMs } = lstatSync(path);
    hash.update(JSON.stringify([name, mode, uid, gid, size, mtimeMs, ctimeMs]));
    if (lstatSync(path).isFile()) hash.update(readFileSync(path));
  }
  return hash.digest('hex');
}

describe('with no shell and no packages, in a root that has the Node binary and its libraries', {
  timeout: 120_000,
}, () => {
  let whyNot: string | undefined;
  beforeAll(() => {
    whyNot = installNodes(Object.keys(SUPPORTED));
  }, 600_000);

  beforeEach((test) => {
    needNamespaces(test);
    if (whyNot !== undefined) lacks(test, whyNot);
  });

  describe.each(Object.keys(SUPPORTED))('Node %s', (major) => {
    const root = join(scratch, `root-${major}`);
    beforeAll(() => {
      if (whyNot === undefined) putApplication(makeRoot(root, binary(major)));
    });
    afterAll(() => rmSync(root, { recursive: true, force: true }));

    it('that cannot be written to, as root and as another user', async () => {
      await expectRelayedIn(root, '0:0');
      await expectRelayedIn(root, '65532:65532');
    });

    it('under --permission, with leave to read itself and the application', async (test) => {
      if (major === '18') test.skip('Node.js 18 has no --permission');
      const permission = major === '20' ? '--experimental-permission' : '--permission';
      // Node 25 on guards the network too.
      const network = Number(major) >= 25 ? ['--allow-net'] : [];
      const leave = [`--allow-fs-read=${AGENT}`, '--allow-fs-read=/app/*'];
      await expectRelayedIn(root, '65532:65532', [permission, '--no-warnings', ...leave, ...network]);
    });
  });

  it('leaves nothing behind where it could write', async () => {
    const root = makeRoot(join(scratch, 'writable'), binary(24), ['/tmp']);
    putApplication(root);
    for (const folder of ['/', '/tmp', '/app', '/trace-agent']) chmodSync(join(root, folder), 0o777);
    const before = contents(root);
    const command = ['node', APP];
    const [program, ...args] = enter({ root, user: '65532:65532', writable: true, command });
    await expectRelayed(args, { ...options('nonroot'), node: program as string });
    expect(contents(root)).toBe(before);
    const writes = ['node', '-e', "require('fs').writeFileSync('/tmp/x', '')"];
    const [other, ...otherArgs] = enter({ root, user: '65532:65532', writable: true, command: writes });
    expect(await run(otherArgs, { ...options('nonroot'), node: other as string })).toMatchObject({ code: 0 });
    expect(contents(root)).not.toBe(before);
  });
});

describe('with musl in place of glibc', { timeout: 300_000 }, () => {
  it('Node 20', async (test) => {
    needNamespaces(test);
    const musl = muslNode();
    if (typeof musl === 'string') return lacks(test, musl);
    const root = join(scratch, 'musl');
    mkdirSync(root);
    put(root, musl.node, '/usr/local/bin/node');
    for (const [target, source] of Object.entries(musl.libraries)) put(root, source, target);
    putApplication(root);
    const command = ['node', '-p', 'process.report.getReport().header.glibcVersionRuntime'];
    const [program, ...args] = enter({ root, command });
    const { stdout } = await run(args, { ...options('nonroot', ''), node: program as string });
    expect(stdout).toBe('undefined\n');
    await expectRelayedIn(root, '65532:65532');
  });
});
