import { request } from 'node:http';

/**
 * Over a connection of its own: a framework's keep-alive timeout may pass on a busy machine just when `fetch` uses
 * the connection again.
 *
 * @returns `{status, text}`
 */
export function post(url, headers, body, timeoutMs) {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', agent: false, signal: AbortSignal.timeout(timeoutMs) };
    const outgoing = request(url, {
      ...options,
      headers: { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    });
    outgoing.on('error', reject);
    outgoing.on('response', async (response) => {
      try {
        const chunks = await response.setEncoding('utf8').toArray();
        resolve({ status: response.statusCode, text: chunks.join('') });
      } catch (error) {
        reject(error);
      }
    });
    outgoing.end(body);
  });
}
