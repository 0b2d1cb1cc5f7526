/** Creates the requests. Each has a trace of its own, so that no variant is fast because it caches a trace. */
import { createHash } from 'node:crypto';

const TIME = '20260131T235959123456Z';
const METADATA = '%7B%22tenant%22%3A%22acme%22%2C%22tier%22%3A%22gold%22%7D';
const BAGGAGE = `langsmith-metadata=${METADATA},langsmith-tags=bench%2Chop,langsmith-project=caller`;

/**
 * Returns a function that writes the nth request as text.
 *
 * @param {string} path
 * @param {object} options `inbound`: whether requests have a trace; `depth` of the dotted order; bytes of `metadata`
 *   in the baggage
 */
export function requestWriter(path, { inbound, depth = 1, metadata = 0 }) {
  const start = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nUser-Agent: bench\r\n`;
  if (inbound === 'none') return () => `${start}\r\n`;
  const more = metadata > 0 ? `langsmith-metadata=${filler(metadata)},langsmith-project=caller` : BAGGAGE;
  return (n) => {
    const id = traceIdOf(n);
    const w3c = `traceparent: 00-${id.replaceAll('-', '')}-00f067aa0ba902b7-01\r\n`;
    return `${start}langsmith-trace: ${dottedOrder(id, depth)}\r\nbaggage: ${more}\r\n${w3c}\r\n`;
  };
}

/**
 * Returns a UUID for each request, as random as the SDK's. With similar digits, the processor's branch prediction
 * would speed up their validation.
 */
export function traceIdOf(n) {
  const hash = createHash('sha1').update(String(n)).digest('hex');
  return hash.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5');
}

/**
 * The segments below the first one, by depth. They are the same in all requests, because a hundred of them take long
 * to create.
 */
const descendants = new Map();

export function dottedOrder(traceId, depth = 1) {
  if (!descendants.has(depth)) {
    const levels = Array.from({ length: depth - 1 }, (_, i) => `.${TIME}${traceIdOf(i + 1)}`);
    descendants.set(depth, levels.join(''));
  }
  return TIME + traceId + descendants.get(depth);
}

/** Returns JSON of about this many bytes, encoded as in a baggage. */
function filler(bytes) {
  return encodeURIComponent(JSON.stringify({ note: 'm'.repeat(Math.max(0, bytes - 30)) }));
}
