import { Busboy, type BusboyInstance } from '@fastify/busboy';
import { RequestRefused } from './request-refused.ts';

export interface Part {
  readonly name: string;
  readonly text: string;
}

/** LangSmith's names are a word, a UUID and a word; those of attachments are the application's. */
const MAX_NAME_BYTES = 4096;

/**
 * Takes a `multipart/form-data` body apart.
 *
 * @throws {RequestRefused} 400 for whatever is not complete and well-formed multipart
 */
export function parseMultipart(body: Buffer, contentType: string | undefined): Promise<Part[]> {
  return new Promise((resolve, reject) => {
    const parts: Part[] = [];
    const refuse = (reason: string) => reject(new RequestRefused(400, `bad multipart request: ${reason}`));

    const parser = createParser(contentType);
    parser.on('field', (name: string | undefined, text: string) => {
      if (!name) refuse('a part has no name');
      else parts.push({ name, text });
    });
    parser.on('error', (error: unknown) => {
      refuse(error instanceof Error ? error.message : String(error));
      parser.destroy();
    });
    parser.on('finish', () => {
      if (parts.length === 0) refuse('there are no parts');
      else resolve(parts);
    });
    parser.end(body);
  });
}

function createParser(contentType: string | undefined): BusboyInstance {
  // The parser takes application/x-www-form-urlencoded too.
  if (contentType === undefined || !/^multipart\/form-data\b/i.test(contentType)) {
    throw new RequestRefused(400, 'bad multipart request: the content type is not multipart/form-data');
  }
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      // By default attachments, which are application/octet-stream, would come as files.
      isPartAFile: () => false,
      // The size of the whole body is bounded already; the parser's own default cuts a field at 1 MiB.
      limits: { fieldSize: Number.POSITIVE_INFINITY, fieldNameSize: MAX_NAME_BYTES },
    });
  } catch (error) {
    throw new RequestRefused(400, `bad multipart request: ${(error as Error).message}`);
  }
}
