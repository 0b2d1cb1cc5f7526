import busboy from 'busboy';
import { RequestRefused } from './request-refused.ts';

export interface Part {
  readonly name: string;
  readonly text: string;
}

/**
 * Takes a `multipart/form-data` body apart. The parser hands over parts that have a file name, or the type
 * `application/octet-stream` as attachments do, as files, and all others as fields: both become parts here.
 *
 * @throws {RequestRefused} 400 for whatever is not complete and well-formed multipart
 */
export function parseMultipart(body: Buffer, contentType: string | undefined): Promise<Part[]> {
  return new Promise((resolve, reject) => {
    const parts: Part[] = [];
    const refuse = (reason: string) => reject(new RequestRefused(400, `bad multipart request: ${reason}`));
    const add = (name: string | undefined, text: string | undefined) => {
      if (name === undefined) refuse('a part has no name');
      else if (text === undefined)
        refuse(`the charset of part ${JSON.stringify(name.slice(0, 100))} is unknown`);
      else parts.push({ name, text });
    };

    const parser = createParser(contentType);
    parser.on('field', add);
    parser.on('file', (name, stream) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => add(name, Buffer.concat(chunks).toString()));
      // The parser says the same; without a listener here it would be an uncaught exception.
      stream.on('error', () => {});
    });
    parser.on('error', (error) => {
      refuse(error instanceof Error ? error.message : String(error));
      // A malformed part header does not stop the parser by itself (busboy 1.6).
      parser.destroy();
    });
    parser.on('close', () => {
      if (parts.length === 0) refuse('there are no parts');
      else resolve(parts);
    });
    parser.end(body);
  });
}

function createParser(contentType: string | undefined): busboy.Busboy {
  // busboy takes application/x-www-form-urlencoded too.
  if (!/^multipart\/form-data\b/i.test(contentType ?? '')) {
    throw new RequestRefused(400, 'bad multipart request: the content type is not multipart/form-data');
  }
  try {
    // The size of the whole body is bounded already; busboy's own default cuts a field at 1 MiB.
    return busboy({
      headers: { 'content-type': contentType },
      limits: { fieldSize: Number.POSITIVE_INFINITY },
    });
  } catch (error) {
    throw new RequestRefused(400, `bad multipart request: ${(error as Error).message}`);
  }
}
