/**
 * The servers that receive the services' calls and the peers' exports. Both run in this process, on the driver's
 * core.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { join } from 'node:path';
import { root } from '../scripts/nodes.mjs';

/** The header limit is large enough for every header that the bench sends. */
const OPTIONS = { maxHeaderSize: 1 << 20, keepAliveTimeout: 600_000 };

/**
 * Answers every call. `headers` are those of the last call, `requests` is the number of calls, and `posts` the number
 * of POST calls among them.
 */
export async function startUpstream() {
  const upstream = { url: '', secureURL: '', headers: {}, requests: 0, posts: 0, close };
  const answer = (request, response) => {
    upstream.requests += 1;
    if (request.method === 'POST') upstream.posts += 1;
    upstream.headers = request.headers;
    request.resume();
    response.setHeader('content-length', 2);
    response.end('{}');
  };
  const pem = (name) => readFileSync(join(root, 'fixtures', 'tls', `${name}.pem`));
  const server = createServer(OPTIONS, answer);
  const secure = createSecureServer({ ...OPTIONS, key: pem('key'), cert: pem('cert') }, answer);
  for (const one of [server, secure]) await new Promise((resolve) => one.listen(0, '127.0.0.1', resolve));
  upstream.url = `http://127.0.0.1:${server.address().port}`;
  upstream.secureURL = `https://127.0.0.1:${secure.address().port}`;

  function close() {
    for (const one of [server, secure]) {
      one.closeAllConnections();
      one.close();
    }
  }
  return upstream;
}
