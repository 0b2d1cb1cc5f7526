/** Starts the child processes of the bench: Node.js with its options, on separate cores. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../scripts/nodes.mjs';
import { allowedCores } from './machine.mjs';

const START_MS = 60_000;
/** The driver and the upstream share one core. The measured server has another one. */
const CORES = allowedCores();
const DRIVER_CORE = String(CORES[0]);
const SERVER_CORE = String(CORES.at(-1));
const ALL_CORES = CORES.join(',');

/**
 * The first options make idle servers keep their compiled code: otherwise a burst after a pause would measure the
 * compiler. The semi-spaces have their full size from the start, because V8 grows them depending on the load, and two
 * processes of the same program whose semi-spaces grew at different times differed by 30 %.
 */
const SERVER_OPTIONS = [
  '--no-flush-bytecode',
  '--no-memory-reducer',
  '--expose-gc',
  '--min-semi-space-size=16',
  '--max-semi-space-size=16',
];

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export function app(name) {
  return join(root, 'bench', 'apps', `${name}.cjs`);
}

/** Pins this process to its core, or releases it. */
export function pinDriver(isPinned) {
  const cores = isPinned ? DRIVER_CORE : ALL_CORES;
  execFileSync('taskset', ['-acp', cores, String(process.pid)], { stdio: 'ignore' });
}

/** Runs a program to its end. @returns its output, and the milliseconds until it wrote it */
export async function runToEnd(node, args, env) {
  const begun = performance.now();
  const child = start(node, args, env, ALL_CORES, false);
  let text = '';
  let wall = 0;
  child.stdout.on('data', (chunk) => {
    if (text === '') wall = performance.now() - begun;
    text += chunk;
  });
  const [code] = await once(child, 'close');
  if (code !== 0 || text === '') throw new Error(`${args.join(' ')} ended with ${code}\n${child.errors}`);
  return { text, wall };
}

/**
 * Starts apps/server.cjs.
 *
 * @returns its URL, `ask(command)` for commands over IPC, `cpu()`, and whether there is something to `flush`
 */
export async function startServer(node, args, env) {
  const child = start(node, [...SERVER_OPTIONS, ...args, app('server')], env, SERVER_CORE, true);
  const asked = new Map();
  let last = 0;
  const listening = new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), START_MS);
    child.on('message', ({ url, flushes, id, value }) => {
      if (url === undefined) return asked.get(id)?.(value);
      clearTimeout(timer);
      resolve({ url, flushes });
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      reject(new Error(`a server ended with ${code ?? signal}: ${args.join(' ')}\n${child.errors}`));
    });
  });
  const { url, flushes } = await listening;

  /** Rejects if the server has ended and cannot answer. */
  function ask(command) {
    last += 1;
    const id = last;
    return new Promise((resolve, reject) => {
      const onExit = () => reject(new Error(`a server has ended: ${args.join(' ')}\n${child.errors}`));
      child.once('exit', onExit);
      asked.set(id, (value) => {
        asked.delete(id);
        child.off('exit', onExit);
        resolve(value);
      });
      child.send({ id, command });
    });
  }

  async function stop() {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  const flush = async () => (flushes ? ask('flush') : undefined);
  return { url, ask, flush, cpu: () => cpuOf(child.pid), stop };
}

function start(node, args, env, cores, ipc) {
  const stdio = ['ignore', 'pipe', 'pipe', ...(ipc ? ['ipc'] : [])];
  const child = spawn('taskset', ['-c', cores, node, ...args], { cwd: root, env, stdio });
  child.errors = '';
  child.stderr.on('data', (chunk) => {
    child.errors = (child.errors + chunk).slice(-4000);
  });
  if (ipc) child.stdout.resume();
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/**
 * Returns the CPU that the threads of a process have used, in microseconds. The value comes from the kernel, which
 * costs the process nothing and is exact while it sleeps.
 */
function cpuOf(pid) {
  const directory = `/proc/${pid}/task`;
  let nanoseconds = 0;
  for (const thread of readdirSync(directory)) {
    nanoseconds += Number(readFileSync(`${directory}/${thread}/schedstat`, 'utf8').split(' ', 1)[0]);
  }
  return nanoseconds / 1000;
}
