/** One burst of requests to one server, and what it has cost the server. */
import { setTimeout as sleep } from 'node:timers/promises';
import { after } from './load.mjs';
import { busyMilliseconds } from './machine.mjs';
import { quantile } from './statistics.mjs';

/** What other processes may use of a core; beyond it the sample is taken anew, this often at most. */
const OTHERS = 0.13;
const RETAKES = 3;
/** A server that uses less than this of a core is idle; one that never is has told all that it does. */
const IDLE = 0.05;
const IDLE_LOOK_MS = 8;
const IDLE_TIMEOUT_MS = 2_000;

/**
 * @param {object} server of node-process.mjs
 * @param {object} load of load.mjs
 * @returns the CPU of the server in microseconds a request, with what it does afterwards for these requests; requests
 *   a second; latencies in microseconds; whether it was quiet beside it
 */
export async function measureBurst(server, load, milliseconds) {
  let sample = await takeBurst(server, load, milliseconds);
  for (let i = 0; i < RETAKES && !sample.isQuiet; i++) sample = await takeBurst(server, load, milliseconds);
  return sample;
}

async function takeBurst(server, load, milliseconds) {
  const begun = performance.now();
  const before = { server: await cpuOf(server), driver: process.cpuUsage(), machine: busyMilliseconds() };
  const sent = await load.send(after(milliseconds));
  await server.ask('flush');
  const used = (await whenIdle(server)) - before.server;
  const driver = total(process.cpuUsage(before.driver));
  const others = busyMilliseconds() - before.machine - (used + driver) / 1000;
  return {
    cpu: used / sent.requests,
    rate: (sent.requests / sent.milliseconds) * 1000,
    p50: quantile(sent.latencies, 0.5),
    p99: quantile(sent.latencies, 0.99),
    isQuiet: others / (performance.now() - begun) < OTHERS,
  };
}

/** @returns the CPU that the server has used by then: an export of one burst must not spill into the next */
async function whenIdle(server) {
  const end = performance.now() + IDLE_TIMEOUT_MS;
  let [time, used] = [performance.now(), await cpuOf(server)];
  for (;;) {
    await sleep(IDLE_LOOK_MS);
    const [nextTime, nextUsed] = [performance.now(), await cpuOf(server)];
    const share = (nextUsed - used) / 1000 / (nextTime - time);
    [time, used] = [nextTime, nextUsed];
    if (share < IDLE || time > end) return used;
  }
}

async function cpuOf(server) {
  return total(await server.ask('cpu'));
}

function total({ user, system }) {
  return user + system;
}
