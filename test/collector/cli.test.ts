import { type ChildProcess, spawn } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { collectorForTest, sendBatch, type WireRun, wireRun } from './support.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trace-agent-cli-'));
  await copyFile(join(ROOT, 'package.json'), join(folder, 'package.json'));
  await build({
    entryPoints: [join(ROOT, 'src/cli.ts')],
    outfile: join(folder, 'dist/cli.js'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    // busboy is CommonJS and requires built-in modules.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});

function traceAgent(...args: string[]) {
  const child = spawn(process.execPath, [join(folder, 'dist/cli.js'), ...args]);
  running.add(child);
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk;
  });
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('close', (code) => {
      running.delete(child);
      resolve({ code, ...output });
    });
  });
  return { child, output, ended };
}

/** Runs `trace-agent collector` on a free port. */
async function startedCollector(...args: string[]) {
  const command = traceAgent('collector', '--port', '0', ...args);
  const url = await vi.waitFor(
    () => {
      const found = /listens on (http:\S+)\. /.exec(command.output.stdout)?.[1];
      if (!found) throw new Error(`not started: ${command.output.stdout}${command.output.stderr}`);
      return found;
    },
    { timeout: 25_000 },
  );
  return { ...command, url };
}

function printed(output: { stdout: string }, text: string | RegExp) {
  return vi.waitFor(() => expect(output.stdout).toMatch(text), { timeout: 25_000, interval: 50 });
}

function open(run: WireRun): Record<string, unknown> {
  const { end_time: _end, ...fields } = run;
  return fields;
}

describe('trace-agent', () => {
  test('--help and --version', async () => {
    const help = await traceAgent('--help').ended;
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatch(/^Usage: trace-agent <command>/);
    expect(help.stdout).toMatch(/^ {2}collector {4}run a local LangSmith/m);
    expect(await traceAgent('-h').ended).toEqual(help);
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
    expect(await traceAgent('--version').ended).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('collector --help describes its options', async () => {
    const help = await traceAgent('collector', '--help').ended;
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatch(/^Usage: trace-agent collector \[options\]\n/);
    for (const option of ['--port', '--host', '--max-memory', '--help'])
      expect(help.stdout).toContain(option);
    expect(await traceAgent('collector', '--port', '1', '-h').ended).toEqual(help);
  });

  test.each([
    [['collect'], "unknown command 'collect'"],
    [['collector', 'now'], "unexpected argument 'now'"],
    [['collector', '--prot', '1'], "Unknown option '--prot'"],
    [['collector', '--port'], "Option '--port <value>' argument missing"],
    [['collector', '--port', '65536'], "'65536' is no port"],
    [['collector', '--port', 'http'], "'http' is no port"],
    [['collector', '--max-memory', '0'], "'0' is no number of MiB"],
    [['collector', '--max-memory', '1g'], "'1g' is no number of MiB"],
    [['toString'], "unknown command 'toString'"],
    [['--help', '--prot'], "Unknown option '--prot'"],
    [['--version', 'collector'], "unexpected argument 'collector'"],
    [[], 'no command'],
  ])('%j: says what is wrong and how to use it, exit 2', async (args, reason) => {
    const { code, stdout, stderr } = await traceAgent(...args).ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.split('\n').slice(0, 3)).toEqual([
      `trace-agent: ${reason}`,
      '',
      `Usage: trace-agent ${args[0] === 'collector' ? 'collector' : '<command>'} [options]`,
    ]);
  });
});

describe('trace-agent collector', () => {
  test('says how to point a service at it, and ends by Ctrl-C with exit 0', async () => {
    const { child, url, output, ended } = await startedCollector();
    expect(output.stdout).toContain(
      `LANGSMITH_TRACING=true LANGSMITH_ENDPOINT=${url}/my-service LANGSMITH_API_KEY=any\n`,
    );
    expect(output.stdout).toContain(`shown by ${url}/ in a browser`);
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
  });

  test('prints a trace once it is complete, and again when more of it comes', async () => {
    const { url, output } = await startedCollector();
    const root = wireRun('root');
    const late = wireRun('late', root, 2);
    await sendBatch(`${url}/gateway`, { post: [open(root)] });
    await sendBatch(`${url}/billing`, { post: [wireRun('child', root, 1)] });
    await sendBatch(`${url}/gateway`, { patch: [root] });
    await printed(output, /root +chain +\[gateway\] +100 ms\n└─ child +chain +\[billing\] +100 ms\n/);
    expect(output.stdout.match(/: 2 runs/g)).toHaveLength(1);

    await sendBatch(`${url}/billing`, { post: [late] });
    await printed(output, /: 3 runs in default\n.*\n├─ child .*\n└─ late /);
  });

  test('says once that it removes the oldest traces', async () => {
    const { url, output } = await startedCollector('--max-memory', '1');
    for (let i = 0; i < 6; i++) {
      await sendBatch(url, { post: [{ ...wireRun(`root ${i}`), inputs: { text: 'x'.repeat(400_000) } }] });
    }
    await printed(output, /root 5/);
    expect(output.stdout.match(/the oldest traces are forgotten \(--max-memory\)/g)).toHaveLength(1);
    expect(output.stdout).not.toContain('root 0');
  });

  test('prints a trace whose root does not come', async () => {
    const { url, output } = await startedCollector();
    const root = wireRun('root');
    await sendBatch(url, { post: [wireRun('child', root, 1)] });
    await printed(output, `(parent ${root.id} is missing)\n└─ child`);
  });

  test('prints each refusal as one line, and incomplete traces at the end', async () => {
    const { child, url, output, ended } = await startedCollector();
    const root = wireRun('root');
    const early = wireRun('ear\nly\x1b[31m', wireRun('parent', root, 10), 9);
    await sendBatch(`${url}/gateway`, { post: [early] });
    await printed(output, /^refused \[gateway\] "ear\\nly\\u001b\[31m" .*earlier than parent timestamp.*$/m);
    await sendBatch(`${url}/gateway`, { post: [open(root)] });
    child.kill('SIGTERM');
    const { code, stdout } = await ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^root +chain +\[gateway\] +running$/m);
  });

  test('says when the port is in use, exit 1', async () => {
    const { port } = new URL((await collectorForTest()).url);
    expect(await traceAgent('collector', '--port', port).ended).toEqual({
      code: 1,
      stdout: '',
      stderr: `trace-agent: port ${port} of 127.0.0.1 is in use; choose another with --port\n`,
    });
  });

  test('exits with code 1 and a message if the host is not of this machine', async () => {
    const { code, stderr } = await traceAgent('collector', '--host', '192.0.2.1').ended;
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'trace-agent: 192.0.2.1 is no address of this machine; choose another with --host\n',
    });
  });
});
