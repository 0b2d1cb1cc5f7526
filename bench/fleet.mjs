/** The servers of all variants, alive at once, and the two that they talk to. */
import { checkArrival } from './arrival.mjs';
import { after, either, openLoad, times } from './load.mjs';
import { startServer } from './node-process.mjs';
import { requestWriter } from './requests.mjs';
import { startUpstream } from './upstream.mjs';
import { environment } from './variants.mjs';

/**
 * @param {string} node the binary
 * @param {object[]} variants
 * @param {object} options `clients` whose headers are checked, `nodeOptions` for all servers
 */
export async function startFleet(node, variants, { clients, nodeOptions = [] }) {
  const [upstream, sink] = [await startUpstream(), await startUpstream()];
  const servers = new Map();
  const open = new Set();
  /**
   * A load on the server of a variant, which has served the `warmUp`: that many `requests`, but for no longer than the
   * `milliseconds`. Before twenty thousand V8 is still compiling, and who has served more of them looks cheaper.
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
      // Who sends nothing of a request without a trace may be asleep.
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
