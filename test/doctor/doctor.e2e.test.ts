import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root, run, testNodeMajor } from '../support/app.ts';
import { type Diagnosis, diagnose, makeProject, of } from './support.ts';

const KEY = 'lsv2_pt_do-not-print-this';
const TRACING = { LANGSMITH_TRACING: 'true', LANGSMITH_API_KEY: KEY };
const versionOf = (name: string) =>
  (JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')) as { version: string })
    .version;

/** The paths, sizes and times of all files of a project. */
function stateOf(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
      const { size, mtimeMs } = statSync(file);
      return `${file} ${size} ${mtimeMs}`;
    })
    .sort();
}

describe('trace-agent doctor', () => {
  it('sees each library work, prints no secret and writes nothing', async ({ skip }) => {
    if (testNodeMajor === 18) skip('undici 7 and langsmith 0.12 need Node.js 20');
    const packages = [
      'langsmith',
      '@langchain/core',
      'axios',
      'got',
      'undici',
      '@grpc/grpc-js',
      'express',
      'fastify',
    ];
    const directory = makeProject({ packages });
    const before = stateOf(directory);
    const { code, stdout, findings } = await diagnose(
      directory,
      ['--url', 'https://api.example.com/'],
      TRACING,
    );
    expect(findings.filter(({ outcome }) => outcome === 'problem')).toEqual([]);
    const good = (name: string, what: string, forms = 'require, import') =>
      expect(of(findings, name)).toEqual([`ok: ${versionOf(name)}: ${what} (${forms})`]);
    for (const name of ['langsmith', '@langchain/core']) good(name, 'its runs are linked to the caller');
    for (const name of ['axios', 'got', 'undici', '@grpc/grpc-js'])
      good(name, 'its requests carry the trace');
    for (const name of ['express', 'fastify']) good(name, 'its handlers continue the trace of the caller');
    expect(of(findings, 'starts')).toEqual([
      expect.stringMatching(/^ok: version .*: libraries, http-server, http-client, http2-client, undici$/),
    ]);
    expect(of(findings, 'built-in')).toEqual([expect.stringMatching(/^ok: http, fetch and http2/)]);
    expect(of(findings, 'LangSmith')).toEqual(['skipped: not asked (--connect)']);
    expect(code).toBe(0);
    expect(stdout).not.toContain(KEY);
    expect(stateOf(directory)).toEqual(before);
  });

  it('reports each library that does not work', async () => {
    const raw = `const net = require('node:net');
      module.exports = (_method, url) => new Promise((resolve) => {
        const { port, pathname } = new URL(url);
        const socket = net.connect(port, '127.0.0.1', () => socket.write('GET ' + pathname + ' HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n'));
        socket.resume().on('close', resolve);
      });`;
    const rawServer = `const net = require('node:net');
      module.exports = () => ({ use() {}, get() {}, handler(request, response) { response.end('no trace'); } });`;
    const detached = `const { traceable } = require(${JSON.stringify(join(root, 'node_modules/langsmith/traceable.js'))});
      const { AsyncResource } = require('node:async_hooks');
      const outside = AsyncResource.bind((fn) => fn());
      exports.traceable = (fn, options) => { const run = traceable(fn, options); return () => outside(run); };`;
    const directory = makeProject({
      packages: ['undici-8'],
      files: {
        'node_modules/needle/package.json': { name: 'needle', version: '1.0.0' },
        'node_modules/needle/index.js': raw,
        // Like superagent, it sends the request when it is awaited.
        'node_modules/superagent/package.json': { name: 'superagent', version: '1.0.0' },
        'node_modules/superagent/index.js': `exports.get = (url) => ({
          then(resolve, reject) { fetch(url).then(resolve, reject); },
        });`,
        'node_modules/phin/package.json': { name: 'phin', version: '1.0.0' },
        'node_modules/phin/index.js': "throw new Error('it does not load');",
        'node_modules/bent/package.json': { name: 'bent', version: '1.0.0' },
        'node_modules/bent/index.js': 'process.exit(3);',
        'node_modules/ofetch/package.json': { name: 'ofetch', version: '1.0.0' },
        'node_modules/ofetch/index.js': "exports.ofetch = async () => { throw new Error('it never works'); }",
        'node_modules/request/package.json': { name: 'request', version: '1.0.0' },
        'node_modules/request/index.js': `module.exports = (url, done) => {
          if (globalThis[Symbol.for('@org/trace-agent')]) throw new Error('the agent broke it');
          require('node:http').get(url, (response) => response.resume().on('end', done));
        };`,
        'node_modules/polka/package.json': { name: 'polka', version: '1.0.0' },
        'node_modules/polka/index.js': rawServer,
        'node_modules/langsmith/package.json': { name: 'langsmith', version: '9.0.0' },
        'node_modules/langsmith/index.js': `module.exports = require(${JSON.stringify(join(root, 'node_modules/langsmith'))});`,
        'node_modules/langsmith/traceable.js': detached,
        'node_modules/old/package.json': { name: 'old', version: '1.0.0' },
        'node_modules/old/node_modules/langsmith/package.json': { name: 'langsmith', version: '0.1.38' },
      },
    });
    const { code, findings } = await diagnose(directory, [], TRACING);
    const starts = (check: string, ...lines: string[]) =>
      expect(of(findings, check)).toEqual(lines.map((line) => expect.stringContaining(line)));
    starts('needle', 'problem: 1.0.0: carries no trace (require, import)');
    starts('superagent', 'ok: 1.0.0: its requests carry the trace (require, import)');
    starts('phin', 'problem: 1.0.0: does not load on Node.js');
    starts('bent', 'skipped: 1.0.0: not tried: its process ended early');
    starts('ofetch', 'skipped: 1.0.0: cannot be tried here, with or without the agent: it never works');
    starts('request', 'problem: 1.0.0: a call fails under the agent (require): the agent broke it');
    starts('polka', 'problem: 1.0.0: its handlers do not continue the trace of the caller (require, import)');
    starts(
      'langsmith',
      'note: 2 copies: 9.0.0 in node_modules/langsmith; 0.1.38 in node_modules/old/node_modules/langsmith',
      'problem: 9.0.0: its runs are not linked to the caller (require',
      'problem: 0.1.38: its runs are not linked; requests carry the caller’s trace only',
    );
    expect(code).toBe(1);
  });

  it('reports an agent that does not start or that throws', async () => {
    const agent = (text: string) =>
      makeProject({
        hasAgent: false,
        files: {
          'node_modules/@org/trace-agent/package.json': { exports: { './register': './register.cjs' } },
          'node_modules/@org/trace-agent/register.cjs': text,
        },
      });
    const [silent, broken] = await Promise.all([
      diagnose(agent('')),
      diagnose(agent("throw new Error('the preload is broken')")),
    ]);
    expect(of(silent.findings, 'starts')).toEqual([
      expect.stringMatching(/^problem: the agent does not run/),
    ]);
    expect(of(broken.findings, 'starts')).toEqual([
      'problem: does not start: its process ended: Error: the preload is broken',
    ]);
    expect([silent.code, broken.code]).toEqual([1, 1]);
  });

  describe('-- and a command', () => {
    const watch = (directory: string, command: string[], env: NodeJS.ProcessEnv = {}): Promise<Diagnosis> =>
      diagnose(directory, ['--', ...command], {
        ...TRACING,
        LANGSMITH_ENDPOINT: 'http://127.0.0.1:1',
        ...env,
      });
    const app = `const server = require('node:http').createServer((_request, response) => response.end('secret'));
      server.listen(0, '127.0.0.1', async () => {
        console.error('password=secret');
        await fetch('http://127.0.0.1:' + server.address().port + '/orders').then((response) => response.text());
        server.close();
        server.closeAllConnections();
      });`;
    const register = ['--import', '@org/trace-agent/register'];

    it('watches one real start, and tells what was decided on its requests', async () => {
      const directory = makeProject({ files: { 'app.cjs': app } });
      const { code, findings, stdout } = await watch(directory, ['node', ...register, 'app.cjs']);
      expect(of(findings, 'start')).toEqual([
        expect.stringMatching(/^ok: node .*app.cjs: version .* started on Node.js/),
      ]);
      expect(of(findings, 'requests').sort()).toEqual([
        'note: 1 x incoming not continued: there is no langsmith-trace',
        'note: 1 x outgoing not sent: no run is current',
      ]);
      expect(stdout).not.toContain('secret');
      expect(code).toBe(0);
    });

    it('does not wait for a process that has left the group of the application', async () => {
      // It ends by itself, later than the doctor and the time limit of this test.
      const app = `require('node:child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 90000)'], {
        detached: true, stdio: ['ignore', 'ignore', 'inherit'], env: {},
      }).unref();`;
      const directory = makeProject({ files: { 'app.cjs': app } });
      const command = ['node', ...register, 'app.cjs'];
      const { findings } = await diagnose(directory, ['--timeout', '3', '--', ...command]);
      expect(of(findings, 'start')).toHaveLength(1);
    });

    it('shows no argument of the application, and tells the signal that ended it', async () => {
      const directory = makeProject({ files: { 'app.cjs': "process.kill(process.pid, 'SIGKILL')" } });
      const command = ['node', '--title', 'secret', ...register, 'app.cjs', '--password', 'secret'];
      const { findings, stdout } = await watch(directory, command);
      expect(of(findings, 'start')).toContain(
        'note: node --title … --import @org/trace-agent/register app.cjs … was ended by SIGKILL',
      );
      expect(stdout).not.toContain('secret');
    });

    it.each<[string, string[], NodeJS.ProcessEnv, RegExp]>([
      ['that does not load the agent', ['node', 'app.cjs'], {}, /^problem: .* does not load the agent$/],
      [
        'where the agent is off',
        ['node', ...register, 'app.cjs'],
        { TRACE_AGENT_ENABLED: 'false' },
        /^problem: .* not started: TRACE_AGENT_ENABLED is false$/,
      ],
      ['that is not there', ['no-such-command'], {}, /^skipped: no-such-command could not be started/],
    ])('reports a start %s', async (_what, command, env, line) => {
      const directory = makeProject({ files: { 'app.cjs': app } });
      const { findings } = await watch(directory, command, env);
      expect(of(findings, 'start')[0]).toMatch(line);
    });
  });

  it('exits with 2 without a package.json and for wrong arguments', async () => {
    const cli = join(root, 'dist/cli.js');
    const empty = join(makeProject({ files: { 'empty/file': '' } }), 'empty');
    const doctor = (args: string[], cwd: string) => run([cli, 'doctor', ...args], { preload: 'none', cwd });
    const [none, url, argument, nothing] = await Promise.all([
      doctor([], empty),
      doctor(['--url', 'api.example.com'], empty),
      doctor(['app.mjs'], empty),
      doctor(['--'], empty),
    ]);
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no package.json') });
    expect(url).toMatchObject({ code: 2, stderr: expect.stringContaining('is no URL') });
    expect(argument).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("unexpected argument 'app.mjs'"),
    });
    expect(nothing).toMatchObject({ code: 2, stderr: expect.stringContaining("no command after '--'") });
  });

  it.each([['doctor'], ['collector']])('trace-agent %s --help prints its usage', async (name) => {
    const { code, stdout } = await run([join(root, 'dist/cli.js'), name, '--help'], { preload: 'none' });
    expect(stdout).toMatch(new RegExp(`^Usage: trace-agent ${name} `));
    expect(code).toBe(0);
  });
});
