import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { certificate } from './certificate.ts';

export interface ArrivedOverHTTP2 {
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: string[];
  readonly body: string;
  /** The number of the connection, from 0. */
  readonly connection: number;
}

export interface HTTP2Upstream {
  readonly url: string;
  readonly arrived: ArrivedOverHTTP2[];
  close(): Promise<void>;
}

/** Starts an HTTP/2 server without the agent that records what arrives. `/never` gets no answer. */
export async function startHTTP2Upstream(options: { tls?: boolean } = {}): Promise<HTTP2Upstream> {
  const arrived: ArrivedOverHTTP2[] = [];
  const sessions: ServerHttp2Session[] = [];
  const server: Http2Server = options.tls ? createSecureServer(certificate) : createServer();
  server.on('session', (session) => sessions.push(session));
  server.on('stream', (stream: ServerHttp2Stream, headers, _flags, rawHeaders) => {
    stream.on('error', () => {});
    if (headers[':path']?.startsWith('/never')) return;
    const connection = sessions.indexOf(stream.session as ServerHttp2Session);
    let body = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      body += chunk;
    });
    stream.on('end', () => {
      arrived.push({ headers, rawHeaders, body, connection });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-trailer': '1' }));
      stream.respond({ ':status': 200, 'content-type': 'text/plain' }, { waitForTrailers: true });
      stream.end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrived,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const session of sessions) session.destroy();
      }),
  };
}
