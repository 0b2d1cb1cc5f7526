import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type Collector, startCollector } from '../../src/collector/index.ts';
import { serverOf, stopServers } from '../matrix/servers.mjs';
import { type App, fixture, root, startApp } from './app.ts';
import { installLibraries } from './libraries.ts';

// All suites of a file share the servers.
afterAll(stopServers);

export interface Service {
  /** Starts another process of the service, on the same server. */
  start(env: NodeJS.ProcessEnv, preload?: 'none'): Promise<App>;
  /** Asks the running service. `headers` are those of the caller. */
  ask<T>(path: string, headers?: Readonly<Record<string, string>>, app?: App): Promise<T>;
  app(): App;
}

/**
 * Starts a service of `fixtures/queues/` for the tests of the calling suite, with a server for its queue. The tests are
 * skipped, with the reason, if the library or the server is not installed.
 *
 * @param specs the library, as npm takes it
 */
export function useQueue(
  server: 'redis' | 'rabbitmq',
  file: string,
  specs: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Service {
  const directory = installLibraries(`queue-${specs.join('-').replaceAll(/\W+/g, '-')}`, specs);
  let why = directory === undefined ? 'needs a campaign' : undefined;
  let port: number | undefined;
  let app: App | undefined;
  let collector: Collector | undefined;
  const apps: App[] = [];

  async function start(env: NodeJS.ProcessEnv, preload: 'import' | 'none' = 'import'): Promise<App> {
    const started = await startApp(fixture(`queues/${file}`), {
      cwd: directory as string,
      preload,
      env: {
        SERVER_PORT: String(port),
        LANGSMITH_TRACING: 'true',
        LANGSMITH_API_KEY: 'any',
        LANGSMITH_ENDPOINT: collector?.url,
        ...env,
      },
    });
    apps.push(started);
    return started;
  }

  beforeAll(async () => {
    if (why !== undefined) return;
    ({ why, port } = await serverOf(server));
    if (why !== undefined) return;
    linkAgent(directory as string);
    collector = await startCollector();
    app = await start(env);
  });
  beforeEach((test) => {
    if (why !== undefined) test.skip(why);
  });
  afterAll(async () => {
    await Promise.all(apps.map((one) => one.stop()));
    await collector?.close();
  });

  return {
    start,
    app: () => app as App,
    async ask(path, headers = {}, of = app as App) {
      const response = await fetch(`${of.url}/${path}`, { headers });
      const text = await response.text();
      if (!response.ok) throw new Error(text);
      return JSON.parse(text);
    },
  };
}

/** The preload is found from the working directory. */
function linkAgent(directory: string): void {
  const path = join(directory, 'node_modules', '@org', 'trace-agent');
  if (existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(root, path);
}
