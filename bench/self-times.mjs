/** Computes the self times of the functions of a CPU profile (Chrome DevTools Protocol, Profiler.Profile). Pure. */

/** Frames that do not count as work of the process. */
const NOT_BUSY = ['(idle)', '(root)'];

/**
 * @param {object} profile
 * @param {string[]} files the names of the scripts whose functions are counted as one
 * @returns microseconds that the thread was busy, the `share` of those scripts, and all functions by their time
 */
export function selfTimes({ nodes, samples, timeDeltas }, files) {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const frames = new Map();
  let [busy, own] = [0, 0];
  for (const [i, id] of samples.entries()) {
    const { functionName, url, lineNumber, columnNumber } = byId.get(id);
    if (NOT_BUSY.includes(functionName)) continue;
    const time = timeDeltas[i];
    const isOurs = files.includes(url.split('/').at(-1));
    busy += time;
    if (isOurs) own += time;
    const where = url === '' ? '' : `${url.split('/').at(-1)}:${lineNumber + 1}:${columnNumber + 1}`;
    const key = `${functionName} ${url} ${lineNumber} ${columnNumber}`;
    const frame = frames.get(key) ?? { name: functionName || '(anonymous)', where, time: 0, isOurs };
    frame.time += time;
    frames.set(key, frame);
  }
  const sorted = [...frames.values()].sort((a, b) => b.time - a.time);
  return { busy, share: busy === 0 ? 0 : own / busy, frames: sorted };
}
