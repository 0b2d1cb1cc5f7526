/** Makes one call with each client, as the handler of a request of the caller. */
import { get } from 'node:http';
import { connect } from 'node:http2';
import type { ClientName } from '../names.ts';
import { underCaller } from './agent.ts';
import type { Form, FormResult, Load, Targets, TaskOf } from './task.ts';

interface Target {
  readonly url: string;
  readonly id: string;
  readonly targets: Targets;
}
/** @param it the module, or its default export if it has one */
// biome-ignore lint/suspicious/noExplicitAny: modules of libraries, each with its own types
type Call = (it: any, target: Target) => Promise<unknown>;

/** The clients that are tried if they are installed. */
const CALLS: Readonly<Record<ClientName, Call>> = {
  undici: async (it, { url }) => (await it.request(url)).body.text(),
  axios: (it, { url }) => it.get(url),
  got: (it, { url }) => it(url, { retry: 0 }).catch(() => it(url)),
  'node-fetch': (it, { url }) => it(url),
  'cross-fetch': (it, { url }) => it(url),
  superagent: (it, { url }) => it.get(url),
  request: (it, { url }) =>
    new Promise((resolve, reject) => it(url, (error: unknown) => (error ? reject(error) : resolve(0)))),
  needle: (it, { url }) => it('get', url),
  phin: (it, { url }) => it(url),
  bent: (it, { url }) => it('string')(url),
  ky: (it, { url }) => it.get(url).text(),
  ofetch: (it, { url }) => it.ofetch(url),
  wretch: (it, { url }) => it(url).get().text(),
  openai: (it, { url }) => new it({ apiKey: 'any', baseURL: url, maxRetries: 0 }).models.list(),
  ws: (it, { url }) =>
    new Promise((resolve) => {
      // The server refuses the upgrade after it has noted the headers.
      new it(url.replace('http', 'ws')).on('error', resolve).on('open', resolve);
    }),
  '@grpc/grpc-js': (it, { id, targets }) =>
    new Promise((resolve) => {
      const client = new it.Client(new URL(targets.http2).host, it.credentials.createInsecure());
      const same = (bytes: unknown) => bytes;
      // The server does not implement the method, and answers so after it has noted the headers.
      client.makeUnaryRequest(`/doctor/${id}`, same, same, Buffer.alloc(0), resolve);
    }),
};

export async function callClient(task: TaskOf<'client'>, load: Load, form: Form): Promise<FormResult> {
  const it = unwrap(await load(task.name), task.name);
  const id = task.ids[form];
  const target = { url: `${task.targets.url}/${id}`, id, targets: task.targets };
  // Some clients send the request only when they are awaited.
  await underCaller(task, async () => {
    await CALLS[task.name](it, target);
  });
  return {};
}

export async function callBuiltins(task: TaskOf<'builtins'>): Promise<Record<string, FormResult>> {
  const { ids, targets } = task;
  const calls: Record<keyof typeof ids, () => Promise<unknown>> = {
    fetch: () => fetch(`${targets.url}/${ids.fetch}`).then((response) => response.text()),
    http: () =>
      new Promise((resolve, reject) => {
        get(`${targets.url}/${ids.http}`, (response) => response.resume().on('end', resolve)).on(
          'error',
          reject,
        );
      }),
    http2: () =>
      new Promise((resolve, reject) => {
        const session = connect(targets.http2).on('error', reject);
        session
          .request({ ':path': `/${ids.http2}` })
          .on('error', reject)
          .on('end', resolve)
          .resume();
      }),
  };
  const results: Record<string, FormResult> = {};
  for (const [name, call] of Object.entries(calls)) {
    results[name] = await underCaller(task, call).then(
      () => ({}),
      (error) => ({ callError: String(error.message) }),
    );
  }
  return results;
}

/** A CommonJS module is the default export where it is imported, and may have one of its own. */
export function unwrap(module: Record<string, unknown>, name = ''): unknown {
  const isNamespace = name === 'undici' || name === 'ofetch' || name === '@grpc/grpc-js';
  const first = module['default'] as Record<string, unknown> | undefined;
  if (isNamespace) return Object.keys(module).length > 1 ? module : (first ?? module);
  return first?.['default'] ?? first ?? module;
}
