import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The Node.js that runs the applications under test. The environment can name another one than runs the tests. */
export const testNode = process.env['TRACE_AGENT_TEST_NODE'] ?? process.execPath;

/** Its major version. */
export const testNodeMajor = Number(
  process.env['TRACE_AGENT_TEST_NODE_MAJOR'] ?? process.versions.node.split('.')[0],
);

export type Preload = 'import' | 'require' | 'both' | 'none';

export interface AppOptions {
  preload?: Preload;
  env?: NodeJS.ProcessEnv;
  /** Options of Node.js, which precede those of the agent. */
  nodeOptions?: readonly string[];
  args?: readonly string[];
  node?: string;
  cwd?: string;
}

export interface App {
  readonly url: string;
  /** The message that it sent when it listened: `{url, ...}`. */
  readonly hello: Readonly<Record<string, string>>;
  readonly process: ChildProcess;
  stderr(): string;
  stdout(): string;
  /** Ends the process with a signal, as an orchestrator does, and waits for its end. */
  stop(): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** langsmith 0.12.0 uses a global `crypto`, which Node 18 provides only with an option. */
const BASE_OPTIONS = testNodeMajor === 18 ? ['--experimental-global-webcrypto'] : [];

const PRELOAD: Record<Preload, string[]> = {
  import: ['--import', '@org/trace-agent/register'],
  require: ['--require', '@org/trace-agent/register'],
  both: ['--require', '@org/trace-agent/register', '--import', '@org/trace-agent/register'],
  none: [],
};

/** Shorter than the time limit of a test hook. */
const START_TIMEOUT = 55_000;

/** Returns the path of an application under fixtures/. */
export function fixture(name: string): string {
  return join(root, 'fixtures', name);
}

/** Returns an environment without variables that would configure the agent or the SDK. */
export function cleanEnv(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const env = { ...process.env };
  for (const name of Object.keys(env)) {
    if (/^(TRACE_AGENT_|LANGSMITH_|LANGCHAIN_|VITEST|NODE_OPTIONS$|NODE_ENV$)/.test(name)) delete env[name];
  }
  return { ...env, ...extra };
}

/** Starts an application that sends `{url}` over IPC when it listens. */
export async function startApp(file: string, options: AppOptions = {}): Promise<App> {
  const child = spawnNode([file, ...(options.args ?? [])], options, true);
  const output = collect(child);
  const hello = await new Promise<Record<string, string>>((resolve, reject) => {
    const fail = (why: string) => {
      child.kill('SIGKILL');
      reject(new Error(`${file} ${why}\n${output.stdout()}${output.stderr()}`));
    };
    const timer = setTimeout(() => fail(`did not listen within ${START_TIMEOUT} ms`), START_TIMEOUT);
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      fail(`ended with ${code ?? signal}`);
    });
    child.once('message', (message) => {
      clearTimeout(timer);
      child.removeAllListeners('exit');
      resolve(message as Record<string, string>);
    });
  });
  return {
    url: hello['url'] ?? '',
    hello,
    process: child,
    stdout: output.stdout,
    stderr: output.stderr,
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) {
          resolve({ code: child.exitCode, signal: child.signalCode });
          return;
        }
        child.once('exit', (code, signal) => resolve({ code, signal }));
        child.kill('SIGTERM');
      }),
  };
}

/** Starts the same application twice: with the agent and without it. */
export function startBoth(file: string, options: AppOptions = {}): Promise<[withAgent: App, without: App]> {
  return Promise.all([startApp(file, options), startApp(file, { ...options, preload: 'none' })]);
}

/** Runs a program to its end. */
export function run(args: readonly string[], options: AppOptions = {}): Promise<Result> {
  const child = spawnNode(args, options, false);
  const output = collect(child);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout: output.stdout(), stderr: output.stderr() }));
  });
}

function spawnNode(args: readonly string[], options: AppOptions, ipc: boolean): ChildProcess {
  const preload = [...PRELOAD[options.preload ?? 'import']];
  if (ipc) preload.push('--require', fixture('preload/end-with-parent.cjs'));
  return spawn(
    options.node ?? testNode,
    [...(options.node ? [] : BASE_OPTIONS), ...(options.nodeOptions ?? []), ...preload, ...args],
    {
      cwd: options.cwd ?? root,
      env: cleanEnv(options.env),
      stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])],
    },
  );
}

function collect(child: ChildProcess): { stdout(): string; stderr(): string } {
  const text = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk) => {
    text.stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    text.stderr += chunk;
  });
  return { stdout: () => text.stdout, stderr: () => text.stderr };
}
