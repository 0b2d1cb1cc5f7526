/** Where the services' calls and the peers' exports go: both in this process, on the driver's core. */
import { createServer } from 'node:http';

/** As large as any header that the bench sends. */
const OPTIONS = { maxHeaderSize: 1 << 20, keepAliveTimeout: 600_000 };

/** Answers every call. `headers` are those of the last one, `requests` how many came, `posts` of them by POST. */
export async function startUpstream() {
  const upstream = { url: '', headers: {}, requests: 0, posts: 0, close };
  const server = createServer(OPTIONS, (request, response) => {
    upstream.requests += 1;
    if (request.method === 'POST') upstream.posts += 1;
    upstream.headers = request.headers;
    request.resume();
    response.setHeader('content-length', 2);
    response.end('{}');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  upstream.url = `http://127.0.0.1:${server.address().port}`;

  function close() {
    server.closeAllConnections();
    server.close();
  }
  return upstream;
}
