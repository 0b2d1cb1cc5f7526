import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Collector, startCollector } from '../../src/collector/index.ts';
import { type App, fixture, type Result, root, run, startApp, testNodeMajor } from '../support/app.ts';
import { dottedOrder } from '../support/trace.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const CONTEXTS = 24;

// langsmith and @langchain/core need Node 20.
describe.skipIf(testNodeMajor < 20)('calls that wait in the queue of a library', () => {
  let app: App;
  let upstream: Upstream;
  let collector: Collector;
  beforeAll(async () => {
    [upstream, collector] = await Promise.all([startUpstream(), startCollector()]);
    app = await startApp(fixture('apps/libraries.mjs'), {
      env: { LANGSMITH_TRACING: 'true', LANGSMITH_API_KEY: 'any', LANGSMITH_ENDPOINT: collector.url },
    });
  });
  afterAll(async () => {
    await app?.stop();
    await upstream?.close();
    await collector?.close();
  });

  /** Calls in 24 contexts at once, every fourth without a trace; every third in a run, if there are to be any. */
  async function callAll(form: string, withRuns: boolean): Promise<void> {
    upstream.arrived.length = 0;
    const calls = Array.from({ length: CONTEXTS }, (_, i) => ({
      path: `/slow?id=${i}`,
      trace: i % 4 === 3 ? undefined : dottedOrder(),
      isInRun: withRuns && i % 3 === 0,
    }));
    const wanted = await Promise.all(
      calls.map(async ({ path, trace, isInRun }) => {
        const query = new URLSearchParams({ form, to: upstream.url + path });
        if (isInRun) query.set('run', '');
        const response = await fetch(`${app.url}/?${query}`, {
          headers: trace ? { 'langsmith-trace': trace } : {},
        });
        const order = await response.text();
        if (isInRun && trace !== undefined) expect(order.startsWith(`${trace}.`)).toBe(true);
        return [path, isInRun ? order : trace];
      }),
    );
    const sent = upstream.arrived
      .filter(({ url }) => url.startsWith('/slow'))
      .map(({ url, headers }) => [url, headers['langsmith-trace']]);
    expect(sent).toHaveLength(CONTEXTS);
    expect(Object.fromEntries(sent)).toEqual(Object.fromEntries(wanted));
  }

  it.each(['p-queue', 'fastq', 'callback of fastq', 'fastq.promise', 'AsyncCaller of LangChain'])(
    '%s: each call carries the trace of the context in which it was queued, or none',
    async (form) => {
      await callAll(form, false);
      await callAll(form, true);
    },
  );

  it('a callback handler that LangChain calls in the background calls out with its own caller’s trace', async () => {
    await callAll('handler of LangChain', false);
  });

  it('prints nothing', () => expect(app.stderr()).toBe(''));
});

/** Sixteen contexts, every fourth without a trace; prints how many tasks ran in their own, and how many in another. */
const COUNT = `
  const agent = globalThis[Symbol.for('@org/trace-agent')];
  const order = (i) => '20260101T000000000001Z' + String(i).padStart(8, '0') + '-0000-4000-8000-000000000000';
  globalThis.count = async (add) => {
    const seen = await Promise.all(Array.from({ length: 16 }, (_, i) => {
      const begin = () => add(async () => {
        const trace = agent.traceHeaders()['langsmith-trace'];
        await new Promise(setImmediate);
        return trace === (i % 4 === 3 ? undefined : order(i));
      });
      return i % 4 === 3 ? begin() : agent.continueTrace(order(i), '', begin);
    }));
    return seen.filter(Boolean).length + ' of ' + seen.length;
  };`;
const ALL_OWN = '16 of 16';
/** A server, as which the agent waits for, and a context: by then a module that was imported is found. */
const FIRST_CONTEXT = `
  globalThis[Symbol.for('@org/trace-agent')].continueTrace('20260101T000000000001Z11111111-0000-4000-8000-000000000000', '', () => {});
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);`;

describe('the module hooks', () => {
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'trace-agent-libraries-')));
  const register = join(root, 'dist', 'register.cjs');
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  /** An application with these packages of the project. */
  function newApp(name: string, packages: readonly string[], files: Record<string, string>): string {
    const directory = join(scratch, name);
    mkdirSync(join(directory, 'node_modules'), { recursive: true });
    for (const one of packages) {
      symlinkSync(join(root, 'node_modules', one), join(directory, 'node_modules', one));
    }
    for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text);
    return directory;
  }

  const runApp = (cwd: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Result> =>
    run(args, { preload: 'none', nodeOptions: ['--require', register], cwd, env });

  const USES_FASTQ = `${COUNT}
    const queue = fastq.promise((task) => task(), 2);
    count((task) => queue.push(task)).then(console.log);`;
  const USES_P_QUEUE = `${COUNT}
    const queue = new PQueue({ concurrency: 2 });
    const settled = await count((task) => queue.add(task));
    console.log(settled);`;
  const app = newApp('app', ['fastq', 'p-queue'], {
    'required.cjs': `const fastq = require('fastq');${USES_FASTQ}`,
    'imported.mjs': `import fastq from 'fastq';${USES_FASTQ}`,
    'module.mjs': `import PQueue from 'p-queue';
      ${FIRST_CONTEXT}
      ${USES_P_QUEUE}`,
    'identity.mjs': `import { createRequire } from 'node:module';
      import fastq, { promise } from 'fastq';
      const required = createRequire(import.meta.url)('fastq');
      console.log(JSON.stringify([required === fastq, promise === fastq.promise, fastq.name, fastq.length, Object.keys(fastq)]));`,
    'loader.cjs': `require('node:module').register('data:text/javascript,');
      import('fastq').then(({ default: fastq }) => { ${USES_FASTQ} });`,
    'threads.mjs': `import 'fastq'; import 'p-queue'; import { readdirSync } from 'node:fs';
      console.log(readdirSync('/proc/self/task').length);`,
  });

  it.each([
    ['a CommonJS module that is required', 'required.cjs'],
    ['a CommonJS module that is imported', 'imported.mjs'],
    ['an ES module', 'module.mjs'],
  ])('patch %s', async (_, file) => {
    expect(await runApp(app, [file])).toEqual({ code: 0, stdout: `${ALL_OWN}\n`, stderr: '' });
  });

  it('find an ES module by import-in-the-middle where TRACE_AGENT_LIBRARIES names it', async () => {
    const result = await runApp(app, ['module.mjs'], { TRACE_AGENT_LIBRARIES: '*,p-queue' });
    expect(result).toEqual({ code: 0, stdout: `${ALL_OWN}\n`, stderr: '' });
  });

  it('give an export that is replaced one identity, and the face that it had', async () => {
    const [patched, bare] = await Promise.all([
      runApp(app, ['identity.mjs']),
      run(['identity.mjs'], { preload: 'none', cwd: app }),
    ]);
    expect(JSON.parse(bare.stdout).slice(0, 2)).toEqual([true, true]);
    expect(patched).toEqual(bare);
  });

  it.each(['*', '*,p-queue'])('leave `node -p` as it is, TRACE_AGENT_LIBRARIES=%s', async (list) => {
    const args = ['-p', "require('fs') && typeof require('fastq') + typeof import('fastq')"];
    const result = await runApp(app, args, { TRACE_AGENT_LIBRARIES: list });
    expect(result).toEqual({ code: 0, stdout: 'functionobject\n', stderr: '' });
  });

  it('do not make Node.js warn of a package that requires punycode', async () => {
    const directory = newApp('punycode', ['fastq'], {
      'node_modules/uses-punycode.js': "require('punycode');",
      'main.cjs': "require('uses-punycode'); console.log('loaded');",
    });
    expect(await runApp(directory, ['main.cjs'])).toEqual({ code: 0, stdout: 'loaded\n', stderr: '' });
  });

  it('do nothing in a loader thread, and work beside one', async () => {
    for (const list of ['*', '*,p-queue']) {
      const result = await runApp(app, ['loader.cjs'], { TRACE_AGENT_LIBRARIES: list });
      // Node 26 warns that `module.register` is deprecated.
      const stderr = result.stderr.replace(/^.*DEP0205[\s\S]*?\n.*--trace-deprecation.*\n/m, '');
      expect({ ...result, stderr }).toEqual({ code: 0, stdout: `${ALL_OWN}\n`, stderr: '' });
    }
  });

  it.skipIf(testNodeMajor < 20)(
    'and another import-in-the-middle in the process are both notified of a module',
    async () => {
      const directory = newApp('other', ['p-queue', 'import-in-the-middle'], {
        'other.mjs': `import { createRequire } from 'node:module';
        import { Hook } from 'import-in-the-middle';
        import { register, supportsSyncHooks } from 'import-in-the-middle/register-hooks.mjs';
        globalThis.told = [];
        if (supportsSyncHooks()) register({ include: ['p-queue'] });
        else createRequire(import.meta.url)('node:module').register('import-in-the-middle/hook.mjs', import.meta.url);
        new Hook(['p-queue'], (exports, name) => { told.push(name, typeof exports.default); });`,
        'main.mjs': `import PQueue from 'p-queue'; ${FIRST_CONTEXT} ${USES_P_QUEUE} console.log(told.join());`,
      });
      for (const list of ['*', '*,p-queue']) {
        const args = ['--import', './other.mjs', 'main.mjs'];
        const { code, stdout } = await runApp(directory, args, { TRACE_AGENT_LIBRARIES: list });
        expect({ code, stdout }).toEqual({ code: 0, stdout: `${ALL_OWN}\np-queue,function\n` });
      }
    },
  );

  it.skipIf(testNodeMajor < 20)('patch libraries that a vitest test imports', async () => {
    const packages = ['p-queue', 'fastq', 'vitest'];
    const directory = newApp('vitest', packages, {
      'package.json': '{ "type": "module" }',
      'one.test.js': `import { expect, it } from 'vitest'; import fastq from 'fastq'; import PQueue from 'p-queue';
        ${FIRST_CONTEXT} ${COUNT}
        it('is patched', async () => {
          const promises = fastq.promise((task) => task(), 2);
          const queue = new PQueue({ concurrency: 2 });
          expect(await count((task) => promises.push(task))).toBe('${ALL_OWN}');
          expect(await count((task) => queue.add(task))).toBe('${ALL_OWN}');
        });`,
    });
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    for (const list of ['*', '*,p-queue']) {
      const env = { NODE_OPTIONS: `--require ${register}`, TRACE_AGENT_LIBRARIES: list };
      const result = await run([vitest, 'run', '--root', directory], {
        preload: 'none',
        cwd: directory,
        env,
      });
      expect(result.stdout + result.stderr).toMatch(/1 passed/);
    }
  });

  it.skipIf(testNodeMajor < 20)('need no permission but to read the application', async () => {
    const directory = newApp('confined', [], {
      'main.cjs': `const fastq = require('fastq');${USES_FASTQ}`,
    });
    for (const one of ['fastq', 'reusify']) {
      cpSync(join(root, 'node_modules', one), join(directory, 'node_modules', one), { recursive: true });
    }
    const permission = testNodeMajor === 20 ? '--experimental-permission' : '--permission';
    const flags = [
      permission,
      '--no-warnings',
      `--allow-fs-read=${directory}`,
      `--allow-fs-read=${register}`,
    ];
    const result = await runApp(directory, [...flags, 'main.cjs']);
    expect(result).toEqual({ code: 0, stdout: `${ALL_OWN}\n`, stderr: '' });
  });

  it.each([
    ['where no named package is installed', [], '*'],
    ['with TRACE_AGENT_LIBRARIES=none', ['fastq'], 'none'],
  ])('are not installed %s', async (name, packages, list) => {
    const directory = newApp(name, packages, { 'main.cjs': `console.log(new Error('any').stack);` });
    const [patched, bare] = await Promise.all([
      runApp(directory, ['main.cjs'], { TRACE_AGENT_LIBRARIES: list }),
      run(['main.cjs'], { preload: 'none', cwd: directory }),
    ]);
    expect(patched).toEqual(bare);
  });

  it('are undone by `stop()`, and so are the patches', async () => {
    const directory = newApp('stopped', ['fastq', 'p-queue'], {
      'main.mjs': `import fastq from 'fastq'; import PQueue from 'p-queue'; import { createRequire } from 'node:module';
        ${FIRST_CONTEXT}
        const require = createRequire(import.meta.url);
        const { add } = PQueue.prototype;
        const stop = () => globalThis[Symbol.for('@org/trace-agent')].stop();
        const own = [() => Object.is(require('fastq'), fastq), () => PQueue.prototype.add === add];
        const before = own.map((is) => is());
        const load = require('node:module')._load;
        stop();
        console.log(JSON.stringify([before, own.map((is) => is()), require('node:module')._load === load]));
        const queue = fastq.promise(async (task) => task(), 1);
        console.log(await queue.push(() => 'works'));`,
    });
    const result = await runApp(directory, ['main.mjs'], { TRACE_AGENT_LIBRARIES: '*' });
    expect(result).toEqual({
      code: 0,
      stdout: '[[true,true],[false,false],false]\nworks\n',
      stderr: '',
    });
  });

  it.skipIf(process.platform !== 'linux')('start no thread', async () => {
    const [bare, ...patched] = await Promise.all([
      run(['threads.mjs'], { preload: 'none', cwd: app }),
      runApp(app, ['threads.mjs']),
      runApp(app, ['threads.mjs'], { TRACE_AGENT_LIBRARIES: '*,p-queue' }),
    ]);
    for (const result of patched) expect(result).toEqual(bare);
  });
});
