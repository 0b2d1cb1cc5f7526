import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { binary, installNodes, SUPPORTED, UNSUPPORTED } from '../../scripts/nodes.mjs';
import { expectRelayed, RELAY, relay } from '../conformance/relay.ts';
import { fixture, run } from '../support/app.ts';
import { installLibraries } from '../support/libraries.ts';
import { injected, lacks, linesOf, othersOf, REGISTER } from './support.ts';

const OLD = fixture('injection/old.cjs');
const INSTALL_TIMEOUT = 600_000;

describe('the injected file on real Node binaries', () => {
  let whyNot: string | undefined;
  beforeAll(() => {
    whyNot = installNodes(Object.keys({ ...SUPPORTED, ...UNSUPPORTED }));
  }, INSTALL_TIMEOUT);

  describe.each(Object.keys(UNSUPPORTED))('Node %s', (major) => {
    const node = binary(major);
    const without = () => run([OLD], { node, preload: 'none' });

    it('is left alone, and the agent prints nothing', async (test) => {
      if (whyNot !== undefined) lacks(test, whyNot);
      const { NODE_OPTIONS } = injected();
      const withAgent = await run([OLD], { node, preload: 'none', env: { NODE_OPTIONS } });
      expect(withAgent).toEqual(await without());
      expect(withAgent).toMatchObject({
        code: 3,
        stderr: '',
        stdout: expect.stringMatching(/^GET \/itself 2 /),
      });
    });

    it('the agent logs the reason at info, in one line', async (test) => {
      if (whyNot !== undefined) lacks(test, whyNot);
      const { stdout, stderr, code } = await run([OLD], { node, preload: 'none', env: injected() });
      expect(stderr).toMatch(
        /^\[trace-agent\] info: not started: Node\.js [\d.]+ is not one of 18\.19 to 26\n$/,
      );
      expect({ stdout, code }).toEqual({ stdout: (await without()).stdout, code: 3 });
    });

    it('continues if TRACE_AGENT_FORCE=1 starts the agent, which logs its failure', async (test) => {
      if (whyNot !== undefined) lacks(test, whyNot);
      const env = { ...injected(), TRACE_AGENT_FORCE: '1' };
      const { stdout, stderr, code } = await run([OLD], { node, preload: 'none', env });
      const lines = linesOf(stderr);
      expect(lines[0]).toMatch(
        / is not one of 18\.19 to 26, but version .+ starts because of TRACE_AGENT_FORCE$/,
      );
      // Node 8 has no `globalThis`; where more is there, what can be installed is, at the start or when it is used.
      if (major === '8')
        expect(lines[1]).toContain('start failed, the application goes on without the agent');
      else expect(lines).toContainEqual(expect.stringContaining('started on Node.js'));
      expect({ others: othersOf(stderr), code }).toEqual({ others: '', code: 3 });
      expect(stdout).toMatch(/^GET \/itself 2 /);
    });
  });

  it.for(Object.keys(SUPPORTED))('works on Node %s', async (major, test) => {
    if (whyNot !== undefined) lacks(test, whyNot);
    const { stdout, stderr } = await expectRelayed([RELAY], {
      node: binary(major),
      preload: 'none',
      env: injected(),
    });
    expect(stdout).toBe('relayed\n');
    expect(othersOf(stderr)).toBe('');
    expect(linesOf(stderr)).toEqual([expect.stringContaining('started on Node.js')]);
  });
});

it('TRACE_AGENT_ENABLED=false outranks TRACE_AGENT_FORCE=1', async () => {
  const env = { ...injected(), TRACE_AGENT_FORCE: '1', TRACE_AGENT_ENABLED: 'false' };
  const { seen, result } = await relay([RELAY], { preload: 'none', env });
  expect(seen.map(([, trace]) => trace)).toEqual([undefined, undefined, undefined, undefined]);
  expect(result.stderr).toBe('[trace-agent] info: not started: TRACE_AGENT_ENABLED is false\n');
});

describe('other runtimes than Node.js', () => {
  let directory: string | undefined;
  beforeAll(() => {
    const specs = ['bun@npm:@oven/bun-linux-x64@1', 'deno@npm:@deno/linux-x64-glibc@2'];
    directory = installLibraries('other-runtimes', specs);
  }, INSTALL_TIMEOUT);

  const bun = () => join(directory as string, 'node_modules', 'bun', 'bin', 'bun');
  const deno = () => join(directory as string, 'node_modules', 'deno', 'deno');
  const RUN = ['run', '--allow-all', '--no-config'];
  const WAYS: [string, () => string, string[], string[], NodeJS.ProcessEnv][] = [
    ['Bun by --require', bun, [], ['--require', REGISTER], {}],
    ['Bun by BUN_OPTIONS', bun, [], [], { BUN_OPTIONS: `--preload ${REGISTER}` }],
    ['Deno by --require', deno, RUN, ['--require', REGISTER], {}],
    ['Deno by NODE_OPTIONS', deno, RUN, [], { NODE_OPTIONS: `--require ${REGISTER}` }],
  ];

  it.each(WAYS)('%s', async (_way, runtime, base, options, env) => {
    if (directory === undefined) throw new Error('Bun and Deno could not be installed');
    const start = (extra: NodeJS.ProcessEnv, more: string[]) =>
      run([...base, ...more, OLD], { node: runtime(), preload: 'none', env: extra });
    const without = await start({}, []);
    expect(without).toMatchObject({ code: 3, stderr: '' });
    expect(await start(env, options)).toEqual(without);
    const told = await start({ ...env, TRACE_AGENT_LOG: 'info' }, options);
    expect(told).toEqual({ ...without, stderr: '[trace-agent] info: not started: this is not Node.js\n' });
  });

  it('Electron, as a preload before ours shows its version (npm has no binary of it)', async () => {
    const electron = fixture('injection/pretend-electron.cjs');
    const env = { NODE_OPTIONS: `--require ${electron} --require ${REGISTER}` };
    const without = await run([OLD], { preload: 'none', env: { NODE_OPTIONS: `--require ${electron}` } });
    expect(await run([OLD], { preload: 'none', env })).toEqual(without);
    const told = await run([OLD], { preload: 'none', env: { ...env, TRACE_AGENT_LOG: 'info' } });
    expect(told.stderr).toBe('[trace-agent] info: not started: this is Electron\n');
    const forced = { ...env, TRACE_AGENT_LOG: 'info', TRACE_AGENT_FORCE: 'true' };
    const { stderr } = await expectRelayed([RELAY], { preload: 'none', env: forced });
    expect(linesOf(stderr)).toEqual([
      expect.stringContaining('this is Electron, but version'),
      expect.stringContaining('started on Node.js'),
    ]);
  });
});
