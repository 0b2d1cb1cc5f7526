import type { IncomingMessage } from 'node:http';
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { ClientGone, RequestRefused } from './request-refused.ts';

/**
 * The maximum size after decompression: more than three times the batch size that `/info` permits
 * (`size_limit_bytes`).
 */
export const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** node:zlib supports zstd in Node 22.15, 23.8 and later. */
const createZstdDecompress = (zlib as { createZstdDecompress?: () => Transform }).createZstdDecompress;

export const ZSTD_SUPPORTED = typeof createZstdDecompress === 'function';

/**
 * Reads and decompresses the body of a request.
 *
 * @throws {RequestRefused} 400 for an unknown encoding or a body that cannot be decoded, 413 for more than
 *   `MAX_BODY_BYTES`. The rest of the request is then read and discarded, so that the client receives the answer.
 * @throws {ClientGone} if the connection ended before the body did
 */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const encoding = (request.headers['content-encoding'] ?? '').trim().toLowerCase();
    const decoder = createDecoder(encoding);
    const source = decoder ? request.pipe(decoder) : request;
    const chunks: Buffer[] = [];
    let size = 0;

    const collect = (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) refuse(413, `the request is larger than ${MAX_BODY_BYTES} bytes`);
      else chunks.push(chunk);
    };
    const refuse = (status: number, reason: string) => {
      source.off('data', collect);
      request.unpipe();
      decoder?.destroy();
      request.resume();
      reject(new RequestRefused(status, reason));
    };
    const clientGone = () => {
      decoder?.destroy();
      reject(new ClientGone());
    };

    request.on('error', clientGone);
    request.on('close', () => {
      if (!request.complete) clientGone();
    });
    decoder?.on('error', (error) => refuse(400, `the request is not ${encoding}: ${error.message}`));
    source.on('data', collect);
    source.on('end', () => resolve(Buffer.concat(chunks)));
  });
}

/** @throws {RequestRefused} for an unknown encoding */
function createDecoder(encoding: string): Transform | undefined {
  switch (encoding) {
    case '':
    case 'identity':
      return undefined;
    case 'gzip':
    case 'x-gzip':
      return zlib.createGunzip();
    case 'deflate':
      return zlib.createInflate();
    case 'zstd':
      if (createZstdDecompress) return createZstdDecompress();
  }
  throw new RequestRefused(400, `unknown content encoding ${JSON.stringify(encoding.slice(0, 100))}`);
}
