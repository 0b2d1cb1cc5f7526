import {
  createServer as createHTTPServer,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
} from 'node:http';
import { createServer as createHTTPSServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { certificate } from './certificate.ts';

export interface Arrived {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: string[];
  readonly body: string;
}

export interface Upstream {
  readonly url: string;
  readonly arrived: Arrived[];
  close(): Promise<void>;
}

export interface UpstreamOptions {
  readonly tls?: boolean;
  /** The path of a unix socket to listen on. */
  readonly path?: string;
  /** The address to listen on in place of 127.0.0.1. */
  readonly host?: string;
}

/**
 * Starts a server without the agent that records what arrives. `/slow` answers after 20 ms, `/redirect?to=`
 * redirects, `/flaky` fails twice before it succeeds, `/never` does not answer, `/partial` sends an incomplete
 * answer, and `/reset` closes the connection. The first request to each URL under `/busy` gets a 503, and under
 * `/reset-once` no answer.
 */
export async function startUpstream(options: UpstreamOptions = {}): Promise<Upstream> {
  const arrived: Arrived[] = [];
  let flaky = 0;
  const listener: RequestListener = (request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const { method = '', url = '', headers, rawHeaders } = request;
      arrived.push({ method, url, headers, rawHeaders, body });
      const { pathname, searchParams } = new URL(url, 'http://upstream');
      const to = searchParams.get('to');
      const isFirst = arrived.filter((one) => one.url === url).length === 1;
      if (pathname === '/flaky' && ++flaky % 3 !== 0) response.writeHead(503).end();
      else if (pathname === '/busy' && isFirst) response.writeHead(503, { 'retry-after': '0' }).end();
      else if (pathname === '/redirect' && to !== null) response.writeHead(302, { location: to }).end();
      else if (pathname === '/partial') response.write('part');
      else if (pathname === '/reset' || (pathname === '/reset-once' && isFirst)) request.socket.destroy();
      else if (pathname !== '/never') setTimeout(() => response.end('ok'), pathname === '/slow' ? 20 : 0);
    });
  };
  const server: Server = options.tls ? createHTTPSServer(certificate, listener) : createHTTPServer(listener);
  await new Promise<void>((resolve) => {
    if (options.path === undefined) server.listen(0, options.host ?? '127.0.0.1', resolve);
    else server.listen(options.path, resolve);
  });
  const port = (server.address() as AddressInfo).port;
  const host = options.host?.includes(':') ? `[${options.host}]` : (options.host ?? '127.0.0.1');
  return {
    url: `${options.tls ? 'https' : 'http'}://${host}:${port}`,
    arrived,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
