import { Busboy, type BusboyInstance } from '@fastify/busboy';
import { RequestRefused } from './request-refused.ts';

export interface Part {
  readonly name: string;
  readonly text: string;
}

/**
 * The names of LangSmith's own parts are short: a word, a UUID and a word. The names of attachments are chosen by the
 * application.
 */
const MAX_NAME_BYTES = 4096;

/**
 * Parses a `multipart/form-data` body.
 *
 * @throws {RequestRefused} 400 if the body is not complete and well-formed multipart
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
  // The parser also accepts application/x-www-form-urlencoded.
  if (contentType === undefined || !/^multipart\/form-data\b/i.test(contentType)) {
    throw new RequestRefused(400, 'bad multipart request: the content type is not multipart/form-data');
  }
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      // By default the parser treats attachments, which are application/octet-stream, as files.
      isPartAFile: () => false,
      // The size of the whole body is already limited, and the parser's default would cut a field at 1 MiB.
      limits: { fieldSize: Number.POSITIVE_INFINITY, fieldNameSize: MAX_NAME_BYTES },
    });
  } catch (error) {
    throw new RequestRefused(400, `bad multipart request: ${(error as Error).message}`);
  }
}
