// The service under load: `/<client>?metadata=<bytes>` answers once it has called the upstream with that client, in
// the way that MANNER names. It also obeys commands over IPC.
const http = require('node:http');
const { readFileSync } = require('node:fs');
const clients = require('./clients.cjs');
const manner = require('./manners.cjs')[process.env.MANNER]();

const upstream = process.env.UPSTREAM;

async function handle(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  const call = clients[pathname.slice(1)];
  const metadata = Number(searchParams.get('metadata'));
  await manner(request, (headers) => call(upstream, headers), metadata);
  response.end('done');
}

// Idle connections stay open from one burst to the next.
const server = http.createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  handle(request, response).catch((error) => {
    response.statusCode = 500;
    response.end(String(error?.stack ?? error));
  });
});

let inspector;
const commands = {
  // Data that a peer buffers for later also counts. The peer's preload provides a function that sends it now.
  flush: () => globalThis.benchFlush(),
  heap() {
    for (let i = 0; i < 3; i++) globalThis.gc();
    return process.memoryUsage().heapUsed;
  },
  threads: () => Number(/^Threads:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]),
  startProfile() {
    inspector = new (require('node:inspector').Session)();
    inspector.connect();
    inspector.post('Profiler.enable');
    inspector.post('Profiler.setSamplingInterval', { interval: 1_000 });
    inspector.post('Profiler.start');
  },
  stopProfile: () =>
    new Promise((resolve, reject) => {
      inspector.post('Profiler.stop', (error, result) => (error ? reject(error) : resolve(result.profile)));
    }),
};

process.on('message', async ({ id, command }) => {
  const value = await commands[command]();
  process.send({ id, value });
});
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => {
  const flushes = globalThis.benchFlush !== undefined;
  process.send({ url: `http://127.0.0.1:${server.address().port}`, flushes });
});
