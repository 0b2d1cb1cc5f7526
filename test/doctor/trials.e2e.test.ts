import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/doctor/report.ts';
import { testNodeMajor } from '../support/app.ts';
import { diagnose, makeProject, of, START } from './support.ts';

const KEY = 'lsv2_pt_do-not-print-this';
const TRACING = { LANGSMITH_TRACING: 'true', LANGSMITH_API_KEY: KEY };

describe('trace-agent doctor', () => {
  it('reports a library that hangs as not tried', async () => {
    const directory = makeProject({
      files: {
        'node_modules/needle/package.json': { name: 'needle', version: '1.0.0' },
        'node_modules/needle/index.js':
          'module.exports = () => new Promise(() => setInterval(() => {}, 1000));',
      },
    });
    let findings: readonly Finding[] = [];
    // On a busy machine even the first start may take longer than 2 seconds.
    for (const seconds of ['2', '10', '30']) {
      ({ findings } = await diagnose(directory, ['--timeout', seconds]));
      if (of(findings, 'starts')[0]?.startsWith('ok')) break;
      expect(of(findings, 'starts')).toEqual([expect.stringMatching(/^skipped: /)]);
    }
    expect(of(findings, 'needle')).toEqual(['skipped: 1.0.0: not tried: it was not finished in time']);
  });

  it('reports another agent that does not start by itself as not tried', async () => {
    const directory = makeProject({
      files: {
        'node_modules/@sentry/node/package.json': { name: '@sentry/node', version: '11.0.0', exports: {} },
      },
    });
    const { findings, code } = await diagnose(directory);
    expect(of(findings, 'other agent')).toEqual([
      'skipped: @sentry/node 11.0.0 is installed; not tried: @sentry/node/preload does not start here by itself',
    ]);
    expect(code).toBe(0);
  });

  it('does not hide that one form of a library does not load', async () => {
    const exports = { require: './index.cjs', import: './index.mjs' };
    const call =
      "(url) => new Promise((done) => require('node:http').get(url, (r) => r.resume().on('end', done)))";
    const directory = makeProject({
      files: {
        'node_modules/phin/package.json': { name: 'phin', version: '1.0.0', exports },
        'node_modules/phin/index.cjs': `module.exports = ${call};`,
        'node_modules/phin/index.mjs': "throw new Error('cannot be imported');",
        'node_modules/bent/package.json': {
          name: 'bent',
          version: '1.0.0',
          exports: { require: './index.cjs' },
        },
        'node_modules/bent/index.cjs': `module.exports = () => ${call};`,
      },
    });
    const { findings } = await diagnose(directory);
    expect(of(findings, 'phin')).toEqual([
      'note: 1.0.0: its requests carry the trace (require); import does not load: cannot be imported',
    ]);
    expect(of(findings, 'bent')).toEqual(['ok: 1.0.0: its requests carry the trace (require)']);
  });

  it('does not wait for a process that a library has left behind', async () => {
    const directory = makeProject({
      files: {
        'node_modules/needle/package.json': { name: 'needle', version: '1.0.0' },
        'node_modules/needle/index.js': `const { spawn } = require('node:child_process');
          const idle = ['-e', 'setTimeout(() => {}, 20000)'];
          spawn(process.execPath, idle, { detached: true, stdio: ['ignore', 'ignore', 'inherit'], env: {} });
          require('node:fs').writeSync(2, 'SyntaxError: left behind');
          process.exit(3);`,
      },
    });
    const { findings } = await diagnose(directory);
    expect(of(findings, 'needle')).toEqual([
      'skipped: 1.0.0: not tried: its process ended: SyntaxError: left behind',
    ]);
  });

  it('tries other agents together with this one', async () => {
    const other = (text: string) =>
      makeProject({
        files: {
          'node_modules/dd-trace/package.json': { name: 'dd-trace', version: '5.0.0' },
          'node_modules/dd-trace/init.js': text,
          'node_modules/@opentelemetry/sdk-node/package.json': {
            name: '@opentelemetry/sdk-node',
            version: '1.0.0',
          },
        },
      });
    const taking = `const { OutgoingMessage } = require('node:http');
      const { end } = OutgoingMessage.prototype;
      OutgoingMessage.prototype.end = function (...args) {
        if (this.host !== undefined) this.setHeader('langsmith-trace', 'its own');
        return end.apply(this, args);
      };`;
    const [harmless, harmful] = await Promise.all([diagnose(other('')), diagnose(other(taking))]);
    expect(of(harmless.findings, 'other agent')).toEqual([
      'note: dd-trace 5.0.0 is installed: both were started together, and the trace arrives',
      'skipped: @opentelemetry/sdk-node 1.0.0 is installed; not tried, since the application starts it itself',
    ]);
    expect(of(harmful.findings, 'other agent')[0]).toContain(
      'problem: dd-trace 5.0.0 is installed: started together, http: carries another trace',
    );
  });

  it('tries the permission model as the project uses it', async ({ skip }) => {
    if (testNodeMajor < 20) skip('Node.js 18 has no permission model');
    const model = testNodeMajor >= 24 ? '--permission' : '--experimental-permission';
    const withFlags = (flags: string) =>
      diagnose(
        makeProject({
          files: { 'package.json': { scripts: { start: START.replace('node', `node ${flags}`) } } },
        }),
      );
    const [closed, open] = await Promise.all([withFlags(model), withFlags(`${model} --allow-fs-read=*`)]);
    expect(of(closed.findings, 'permissions')).toEqual([
      expect.stringMatching(/^problem: scripts.start: the agent does not start under/),
    ]);
    expect(of(open.findings, 'permissions')).toEqual([
      expect.stringMatching(/^ok: scripts.start: the agent starts under/),
    ]);
  });

  it.each<[string, number, string]>([
    ['accepts the key', 200, 'ok: ORIGIN answers, and accepts the key'],
    ['refuses the key', 401, 'problem: ORIGIN refuses the key (401)'],
    ['has no sessions', 500, 'problem: ORIGIN answers 500 to GET /sessions'],
  ])('--connect asks LangSmith, which %s, and posts nothing', async (_what, status, line) => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers['x-api-key'] ?? ''}`);
      response.writeHead(request.url === '/info' ? 200 : status).end('{}');
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const args = ['--connect', '--', process.execPath, '-e', '0'];
    const { findings, stdout } = await diagnose(makeProject(), args, {
      ...TRACING,
      LANGSMITH_ENDPOINT: origin,
    });
    server.close();
    expect(of(findings, 'LangSmith')).toEqual([line.replace('ORIGIN', origin)]);
    expect(asked).toEqual(['GET /info ', `GET /sessions?limit=1 ${KEY}`]);
    expect(stdout).not.toContain(KEY);
  });

  it('--connect says that LangSmith does not answer', async () => {
    const args = ['--connect', '--', process.execPath, '-e', '0'];
    const { findings } = await diagnose(makeProject(), args, {
      ...TRACING,
      LANGSMITH_ENDPOINT: 'http://127.0.0.1:1',
    });
    expect(of(findings, 'LangSmith')).toEqual([
      expect.stringMatching(/^problem: http:\/\/127\.0\.0\.1:1 does not answer/),
    ]);
  });
});
