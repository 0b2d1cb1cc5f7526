// An application of the matrix as a child process, with the built agent preloaded or without it.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from './library.mjs';

const START_TIMEOUT_MS = 60_000;
const REGISTER = {
  import: ['--import', join(root, 'register.mjs')],
  require: ['--require', join(root, 'dist', 'register.cjs')],
  none: [],
};

/**
 * @param node `{binary, major}`
 * @param preload `import`, `require` or `none`
 * @returns what the application said when it listened, and `stderr()` and `stop()`
 */
export async function startApplication(file, { node, preload, env, cwd = root }) {
  // langsmith uses a global `crypto`, which Node 18 has behind an option.
  const options = node.major === '18' ? ['--experimental-global-webcrypto'] : [];
  const endWithParent = ['--require', join(root, 'fixtures', 'preload', 'end-with-parent.cjs')];
  const isNext = /[\\/]next$/.test(file);
  const port = isNext ? await freePort() : undefined;
  const args = isNext ? ['start', '-H', '127.0.0.1', '-p', String(port)] : [];
  const child = spawn(node.binary, [...options, ...REGISTER[preload], ...endWithParent, file, ...args], {
    cwd,
    env: cleanEnv({ NODE_EXTRA_CA_CERTS: join(root, 'fixtures', 'tls', 'cert.pem'), ...env }),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const listening = isNext ? answering(`http://127.0.0.1:${port}`) : message(child);
  const ended = new Promise((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`it ended with ${code ?? signal}: ${stderr}`)));
  });
  const late = sleep(START_TIMEOUT_MS, undefined, { ref: false }).then(() => {
    throw new Error(`it did not listen within ${START_TIMEOUT_MS} ms: ${stderr}`);
  });
  try {
    const hello = await Promise.race([listening, ended, late]);
    ended.catch(() => {});
    return { ...hello, stderr: () => stderr, stop: () => child.kill('SIGKILL') };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

function message(child) {
  return new Promise((resolve) => child.once('message', resolve));
}

async function answering(url) {
  for (;;) {
    const answer = await fetch(url).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer !== undefined) return { url: `${url}/work` };
    await sleep(50);
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Without anything that would steer the agent, the SDK or the libraries. */
function cleanEnv(extra) {
  const env = { ...process.env };
  for (const name of Object.keys(env)) {
    if (/^(TRACE_AGENT_|LANGSMITH_|LANGCHAIN_|OPENAI_|AWS_|NODE_OPTIONS$|NODE_ENV$|\w+_proxy$)/i.test(name))
      delete env[name];
  }
  return { ...env, ...extra };
}
