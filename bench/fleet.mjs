/** Runs the servers of all variants at the same time, and the two servers that they call. */
import { checkArrival } from './arrival.mjs';
import { after, either, openLoad, times } from './load.mjs';
import { startServer } from './node-process.mjs';
import { requestWriter } from './requests.mjs';
import { startUpstream } from './upstream.mjs';
import { environment } from './variants.mjs';

/**
 * @param {string} node the binary
 * @param {object[]} variants
 * @param {object} options `clients`: the clients whose headers are checked; `nodeOptions`: options for all servers
 */
export async function startFleet(node, variants, { clients, nodeOptions = [] }) {
  const [upstream, sink] = [await startUpstream(), await startUpstream()];
  const servers = new Map();
  const open = new Set();
  /**
   * Opens a load on the server of a variant, after a `warmUp` of that many `requests`, for at most `milliseconds`. V8
   * still compiles during the first twenty thousand requests, and a server that has served more of them looks
   * cheaper.
   */
  async function entry(variant, path, { warmUp, request = {}, load: options } = {}) {
    const server = servers.get(variant.name);
    const load = await openLoad(server.url, requestWriter(path, { ...variant, ...request }), options);
    open.add(load);
    await load.send(either(times(warmUp.requests), after(warmUp.milliseconds)));
    await server.flush();
    return { name: variant.name, server, load, beside: variant.beside };
  }

  function closeLoads() {
    for (const load of open) load.close();
    open.clear();
  }

  async function stop() {
    closeLoads();
    for (const server of servers.values()) await server.stop();
    upstream.close();
    sink.close();
  }
  try {
    for (const variant of variants) {
      const env = environment(variant, {
        upstream: upstream.url,
        secureUpstream: upstream.secureURL,
        sink: sink.url,
      });
      const start = () => startServer(node, [...nodeOptions, ...variant.preload], env);
      const server = await start();
      servers.set(variant.name, server);
      await checkArrival({ variant, server, upstream, sink, clients });
      if (variant.expectOfTrace === undefined) continue;
      // A variant that sends nothing for a request without a trace may not work at all, so it is also checked with a
      // trace.
      const tested = variant.isTracedBefore ? server : await start();
      const traced = { ...variant, inbound: 'trace', expect: variant.expectOfTrace };
      try {
        await checkArrival({ variant: traced, server: tested, upstream, sink, clients });
      } finally {
        if (tested !== server) await tested.stop();
      }
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { servers, entry, closeLoads, stop };
}
