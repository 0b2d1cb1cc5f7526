import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { cleanEnv, fixture, root, testNode } from './app.ts';

export interface AgentServer {
  readonly url: string;
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 50_000;
const GRAPHS = ['caller', 'made', 'asks', 'fails', 'stops'];

/**
 * Starts LangGraph's Agent Server, `langgraphjs dev`, with the agent by NODE_OPTIONS and the graphs of
 * `fixtures/agent-server/graphs.mjs`.
 *
 * @param libraries the directory in which its packages are installed
 */
export async function startAgentServer(libraries: string, env: NodeJS.ProcessEnv): Promise<AgentServer> {
  // The graphs import the packages from a directory above them.
  const directory = mkdtempSync(join(libraries, 'server-'));
  cpSync(fixture('agent-server/graphs.mjs'), join(directory, 'graphs.mjs'));
  const graphs = Object.fromEntries(GRAPHS.map((name) => [name, `./graphs.mjs:${name}`]));
  writeFileSync(
    join(directory, 'langgraph.json'),
    JSON.stringify({ node_version: '20', dependencies: ['.'], graphs, env: {} }),
  );
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const cli = join(libraries, 'node_modules', '@langchain', 'langgraph-cli', 'dist', 'cli', 'cli.mjs');
  const child = spawn(
    testNode,
    [cli, 'dev', '--no-browser', '--no-reload', '--host', '127.0.0.1', '--port', `${port}`],
    {
      cwd: directory,
      // Its processes form a group, which ends as one.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: cleanEnv({
        HOME: directory,
        LANGGRAPH_CLI_NO_ANALYTICS: '1',
        NODE_OPTIONS: `--require ${join(root, 'dist', 'register.cjs')}`,
        ...env,
      }),
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
  const isOver = ended(child);
  const stop = async () => {
    try {
      process.kill(-(child.pid as number), 'SIGKILL');
    } catch {}
    await isOver;
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  if (!(await answers(`${url}/ok`, child))) {
    await stop();
    throw new Error(`the Agent Server does not start\n${output}`);
  }
  return { url, stop };
}

async function answers(url: string, child: ChildProcess): Promise<boolean> {
  const end = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < end && child.exitCode === null) {
    const isUp = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (isUp) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
