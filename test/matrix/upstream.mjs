/**
 * What the applications of the matrix call: a server without the agent that keeps the headers of what arrives by the
 * `id` in the request's URL. The path says how it answers: `/slow` after 5 ms, `/redirect` with a redirect to
 * `/slow`, `/retry` with 503 the first time. It speaks HTTP/1, or HTTP/2 and HTTP/1 over TLS.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import { join } from 'node:path';
import { root } from './library.mjs';
import { verifySignature } from './signature.mjs';

const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const tls = (name) => readFileSync(join(root, 'fixtures', 'tls', `${name}.pem`));

/** @param protocol `http` or `h2` */
export async function startUpstream(protocol = 'http') {
  const arrived = new Map();
  const refused = [];
  const sessions = new Set();
  const keep = ({ url, rawHeaders }) => {
    const id = /[?&/]id[=-]([\w-]+)/.exec(url)?.[1];
    const all = arrived.get(id) ?? [];
    arrived.set(id, [...all, { path: url, rawHeaders }]);
    return all.length === 0;
  };

  function answer(request, response) {
    const isFirst = keep(request);
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const problem = verifySignature(request, Buffer.concat(chunks));
      if (problem !== undefined) {
        refused.push(problem);
        return response.writeHead(403).end();
      }
      if (request.url.includes('/redirect')) {
        return response.writeHead(302, { location: request.url.replace('/redirect', '/slow') }).end();
      }
      if (request.url.includes('/retry') && isFirst) {
        return response.writeHead(503, { 'retry-after': '0', 'retry-after-ms': '1' }).end();
      }
      setTimeout(() => finish(request, response, String(Buffer.concat(chunks))), 5);
    });
  }

  const server =
    protocol === 'h2'
      ? createSecureServer({ key: tls('key'), cert: tls('cert'), allowHTTP1: true }, answer)
      : createServer(answer);
  // Or a busy machine closes a connection just when the library uses it again.
  server.keepAliveTimeout = 60_000;
  server.on('upgrade', (request, socket) => {
    keep(request);
    socket.on('error', () => {});
    if (request.url.includes('/redirect')) {
      const location = request.url.replace('/redirect', '/slow');
      socket.end(
        `HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
      );
      return;
    }
    const accept = createHash('sha1')
      .update(request.headers['sec-websocket-key'] + WEBSOCKET_GUID)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    // A close frame, 1000.
    setTimeout(() => socket.end(Buffer.from([0x88, 0x02, 0x03, 0xe8])), 20);
  });
  server.on('session', (session) => sessions.add(session));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', 4096, resolve));
  return {
    url: `${protocol === 'h2' ? 'https' : 'http'}://127.0.0.1:${server.address().port}`,
    /** The requests with this id, in the order in which they arrived. */
    arrived: (id) => arrived.get(id) ?? [],
    refused,
    close() {
      server.close();
      server.closeAllConnections?.();
      for (const session of sessions) session.destroy();
    },
  };
}

function finish(request, response, body) {
  if (!request.url.includes('/chat/completions')) return response.end('ok');
  const chunk = { id: 'any', object: 'chat.completion.chunk', created: 1, model: 'any' };
  if (/"stream":\s*true/.test(body)) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const choices = [{ index: 0, delta: { role: 'assistant', content: 'ok' }, finish_reason: null }];
    return response.end(`data: ${JSON.stringify({ ...chunk, choices })}\n\ndata: [DONE]\n\n`);
  }
  const choices = [{ index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }];
  response.writeHead(200, { 'content-type': 'application/json' });
  return response.end(JSON.stringify({ ...chunk, object: 'chat.completion', choices }));
}
