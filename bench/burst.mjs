/** Sends one burst of requests to one server, and measures what it costs the server. */
import { setTimeout as sleep } from 'node:timers/promises';
import { after } from './load.mjs';
import { busyMilliseconds } from './machine.mjs';
import { quantile } from './statistics.mjs';

/** The share of a core that other processes may use. Beyond it the sample is taken again. */
const OTHERS = 0.13;
/**
 * A server that uses less than this share of a core is idle. A server that never becomes idle counts with all CPU
 * that it used until the timeout.
 */
const IDLE = 0.05;
const IDLE_LOOK_MS = 8;
const IDLE_TIMEOUT_MS = 2_000;

/** The number of bursts that were kept, and how many of these were disturbed by other processes. */
export const kept = { bursts: 0, disturbed: 0 };

/**
 * @param {object} server from node-process.mjs
 * @param {object} load from load.mjs
 * @param {{milliseconds: number, retakes: number}} plan
 * @returns the CPU of the server in microseconds for each request, including the work that it does afterwards for
 *   these requests; requests a second; latencies in microseconds
 */
export async function measureBurst(server, load, { milliseconds, retakes }) {
  let sample = await takeBurst(server, load, milliseconds);
  for (let i = 0; i < retakes && sample.isDisturbed; i++)
    sample = await takeBurst(server, load, milliseconds);
  kept.bursts += 1;
  if (sample.isDisturbed) kept.disturbed += 1;
  return sample;
}

async function takeBurst(server, load, milliseconds) {
  const begun = performance.now();
  const before = { server: server.cpu(), driver: process.cpuUsage(), machine: busyMilliseconds() };
  const sent = await load.send(after(milliseconds));
  if (sent.requests === 0) throw new Error('a burst in which nothing was answered');
  await server.flush();
  const used = (await whenIdle(server)) - before.server;
  const driver = process.cpuUsage(before.driver);
  const ours = (used + driver.user + driver.system) / 1000;
  const others = busyMilliseconds() - before.machine - ours;
  return {
    cpu: used / sent.requests,
    rate: (sent.requests / sent.milliseconds) * 1000,
    p50: quantile(sent.latencies, 0.5),
    p99: quantile(sent.latencies, 0.99),
    isDisturbed: others / (performance.now() - begun) > OTHERS,
  };
}

/** @returns the CPU that the server has used by then. The export of one burst must not overlap the next burst. */
async function whenIdle(server) {
  const end = performance.now() + IDLE_TIMEOUT_MS;
  for (let [time, used] = [performance.now(), server.cpu()]; ; ) {
    await sleep(IDLE_LOOK_MS);
    const [nextTime, nextUsed] = [performance.now(), server.cpu()];
    const share = (nextUsed - used) / 1000 / (nextTime - time);
    [time, used] = [nextTime, nextUsed];
    if (share < IDLE || time > end) return used;
  }
}
