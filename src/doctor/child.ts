/** Starts probes: child processes with the agent, in the project's folder, that reach this machine only. */
import { spawn } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The merged messages of a probe. `isDone` is set once the probe has sent all of them. */
export type Answer = Readonly<Record<string, unknown>>;

export interface ProbeResult {
  /** `undefined` if the probe ended, or was ended, before it had an answer. */
  readonly answer: Answer | undefined;
  readonly isTimeout: boolean;
  /** The last line that the probe wrote to stderr, for messages. */
  readonly stderr: string;
}

export interface ProbeOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Options of Node.js, such as those that preload the agent. */
  readonly nodeOptions: readonly string[];
  /** The task of the probe. It is passed as JSON. */
  readonly task: unknown;
  /** In milliseconds. A probe that hangs must not hold up the others. */
  readonly timeout: number;
}

/** Variables that would send a probe elsewhere, or that would configure the agent, the SDK or another agent. */
const CONFIGURING =
  /^(TRACE_AGENT_|LANGSMITH_|LANGCHAIN_|OTEL_|DD_|NEW_RELIC_|ELASTIC_APM_|SENTRY_|NODE_OPTIONS$|NODE_V8_COVERAGE$|(HTTPS?|ALL|NO)_PROXY$|NODE_USE_ENV_PROXY$)/i;

/** The environment of a probe: that of the project without settings of agents, SDKs and proxies. */
export function probeEnv(env: NodeJS.ProcessEnv, extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(
    ([name]) => !CONFIGURING.test(name) || name === 'TRACE_AGENT_LIBRARIES',
  );
  return { ...Object.fromEntries(kept), NO_COLOR: '1', TRACE_AGENT_LOG: 'error', ...extra };
}

/** How long the rest of stderr is waited for, once the process has ended. */
const STDERR_MS = 200;

/** Code given by `-e` resolves names as a module in the working directory does, by `import` too. */
const BOOT = (file: string) =>
  `globalThis.importFromProject = (name) => import(name); await import(${JSON.stringify(file)});`;

export function runProbe({ cwd, env, nodeOptions, task, timeout }: ProbeOptions): Promise<ProbeResult> {
  const file = pathToFileURL(probeFile()).href;
  const args = [...nodeOptions, '--input-type=module', '--eval', BOOT(file)];
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...env, TRACE_AGENT_DOCTOR_TASK: JSON.stringify(task) },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  return new Promise((resolve) => {
    let answer: Answer | undefined;
    let isTimeout = false;
    let stderr = '';
    const timer = setTimeout(() => {
      isTimeout = true;
      child.kill('SIGKILL');
    }, timeout);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-4_000);
    });
    child.on('message', (message) => {
      answer = { ...answer, ...(message as Answer) };
      // The library may keep the process alive.
      if (answer['isDone'] === true) child.kill('SIGKILL');
    });
    const end = () => {
      clearTimeout(timer);
      resolve({ answer, isTimeout, stderr: lastError(stderr) });
    };
    child.once('error', end);
    child.once('close', end);
    // A process that the library has left behind may hold stderr open.
    child.once('exit', () => setTimeout(() => child.stderr?.destroy(), STDERR_MS).unref());
  });
}

function lastError(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  return (lines.find((line) => /Error\b.*:/.test(line)) ?? lines.at(-1) ?? '').trim().slice(0, 300);
}

/** Runs the functions in order, several at a time. */
export async function inParallel<T>(atOnce: number, tasks: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const work = async () => {
    while (next < tasks.length) {
      const index = next++;
      results[index] = await (tasks[index] as () => Promise<T>)();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}

/** The options that preload a file of the agent. */
export function preloadOptions(file: string): string[] {
  return /\.c?js$/.test(file) && !file.endsWith('.mjs')
    ? ['--require', file]
    : ['--import', pathToFileURL(file).href];
}

/** The file that a probe runs. It is built beside the command line. */
export function probeFile(): string {
  return fileURLToPath(new URL('./doctor-probe.js', import.meta.url));
}

/** The entry point of this copy of the package: `register.mjs` lies beside `dist/`. */
export function ownRegister(): string {
  return fileURLToPath(new URL('../register.mjs', import.meta.url));
}
