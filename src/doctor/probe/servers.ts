/** Starts a server of each framework and looks whether its handler runs in the trace of the caller. */
import { createServer, type Server } from 'node:http';
import { connect, createServer as createHTTP2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { BAGGAGE_HEADER, TRACE_HEADER } from '../../headers/names.ts';
import type { ServerName } from '../names.ts';
import { ask, currentTrace } from './agent.ts';
import { unwrap } from './clients.ts';
import type { FormResult, Load, TaskOf } from './task.ts';

const HOST = '127.0.0.1';
/** Starts a server whose handler answers with `currentTrace()`. @returns its port */
type Start = (load: Load) => Promise<number>;
// biome-ignore lint/suspicious/noExplicitAny: modules of libraries, each with its own types
type Foreign = any;

const main = async (load: Load, name: string): Promise<Foreign> => unwrap(await load(name));

/** The frameworks that are tried if they are installed. */
const STARTS: Readonly<Record<ServerName, Start>> = {
  async express(load) {
    const app = (await main(load, 'express'))();
    app.get('/', (_request: Foreign, response: Foreign) => response.send(currentTrace()));
    return listen(app);
  },
  async fastify(load) {
    const app = (await main(load, 'fastify'))();
    app.get('/', async () => currentTrace());
    await app.listen({ port: 0, host: HOST });
    return portOf(app.server);
  },
  async koa(load) {
    const app = new (await main(load, 'koa'))();
    app.use((context: Foreign) => {
      context.body = currentTrace();
    });
    return listen(app.callback());
  },
  async hono(load) {
    const { Hono } = await load('hono');
    const { getRequestListener } = await load('@hono/node-server');
    const app = new Hono();
    app.get('/', (context: Foreign) => context.text(currentTrace()));
    return listen(getRequestListener(app.fetch));
  },
  async '@hapi/hapi'(load) {
    const server = (await main(load, '@hapi/hapi')).server({ port: 0, host: HOST });
    server.route({ method: 'GET', path: '/', handler: () => currentTrace() });
    await server.start();
    return server.info.port;
  },
  async connect(load) {
    const app = (await main(load, 'connect'))();
    app.use((_request: Foreign, response: Foreign) => response.end(currentTrace()));
    return listen(app);
  },
  async polka(load) {
    const app = (await main(load, 'polka'))();
    app.get('/', (_request: Foreign, response: Foreign) => response.end(currentTrace()));
    return listen(app.handler);
  },
  async restify(load) {
    const server = (await main(load, 'restify')).createServer();
    server.get('/', (_request: Foreign, response: Foreign, next: () => void) => {
      response.sendRaw(200, currentTrace());
      next();
    });
    await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
    return server.address().port;
  },
  async '@nestjs/core'(load) {
    const { NestFactory } = await load('@nestjs/core');
    const { Controller, Get, Module } = await load('@nestjs/common');
    class Handlers {
      show(): string {
        return currentTrace();
      }
    }
    const { prototype } = Handlers;
    Get()(prototype, 'show', Object.getOwnPropertyDescriptor(prototype, 'show'));
    Controller()(Handlers);
    class Application {}
    Module({ controllers: [Handlers] })(Application);
    const app = await NestFactory.create(Application, { logger: false });
    await app.listen(0, HOST);
    return portOf(app.getHttpServer());
  },
};

export async function serve(task: TaskOf<'server'>, load: Load): Promise<FormResult> {
  const port = await STARTS[task.name](load);
  return { isLinked: (await ask(port, task)) === task.trace };
}

export async function serveBuiltins(task: TaskOf<'builtins'>): Promise<Record<string, FormResult>> {
  const port = await listen((_request, response) => response.end(currentTrace()));
  return {
    http: { isLinked: (await ask(port, task)) === task.trace },
    http2: { isLinked: (await askHTTP2(task)) === task.trace },
  };
}

function askHTTP2({ trace, baggage }: TaskOf<'builtins'>): Promise<string> {
  const server = createHTTP2Server((_request, response) => response.end(currentTrace()));
  return new Promise((resolve, reject) => {
    server.listen(0, HOST, () => {
      const session = connect(`http://${HOST}:${portOf(server)}`).on('error', reject);
      let body = '';
      session
        .request({ ':path': '/', [TRACE_HEADER]: trace, [BAGGAGE_HEADER]: baggage })
        .setEncoding('utf8')
        .on('data', (text: string) => {
          body += text;
        })
        .on('end', () => resolve(body))
        .on('error', reject);
    });
  });
}

function listen(handler: Parameters<typeof createServer>[1]): Promise<number> {
  const server = createServer(handler);
  return new Promise((resolve) => server.listen(0, HOST, () => resolve(portOf(server))));
}

function portOf(server: Pick<Server, 'address'>): number {
  return (server.address() as AddressInfo).port;
}
