import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { faultOfCaller } from './caller.ts';
import { SERVER_INFO } from './info.ts';
import { parseMultipart } from './multipart.ts';
import {
  operationFromRun,
  operationsFromBatch,
  operationsFromParts,
  type RunOperation,
} from './operations.ts';
import type { PageHandler } from './page/page-server.ts';
import { readBody } from './request-body.ts';
import { ClientGone, RequestRefused } from './request-refused.ts';
import { findRoute, type Route } from './route.ts';
import type { CollectedRequest, Refusal } from './types.ts';
import { findFault } from './validate.ts';

/** The number of runs that a refusal names, and the number of characters it shows of a name. */
const MAX_NAMED = 100;
const MAX_NAME_LENGTH = 100;

/** The events that the server reports. */
export interface ServerEvents {
  request(request: CollectedRequest): void;
  accepted(operations: readonly RunOperation[], service: string | undefined): void;
  refused(refusal: Refusal): void;
}

/**
 * Serves the trace page and the ingestion endpoints of LangSmith's API. A request is accepted as a whole or not at
 * all.
 *
 * @param ownHost the name or address that the server will listen on
 */
export function createCollectorServer(
  events: ServerEvents,
  ownHost: string,
  answerPage: PageHandler,
): Server {
  return createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    const fault = faultOfCaller(method, headers, ownHost);
    if (fault === undefined && answerPage(request, response)) return;
    events.request({ method, path: url, headers });
    if (fault !== undefined) {
      events.refused({ reason: `request refused: ${fault}` });
      request.resume();
      return answer(response, 403, { error: `request refused: ${fault}` });
    }
    const routed = findRoute(method, url);
    if (!routed) return answer(response, 404, { error: `no such endpoint: ${method} ${url}` });
    if (routed.route.kind === 'info') return answer(response, 200, SERVER_INFO);

    ingest(request, routed.route)
      .then((operations) => {
        events.accepted(operations, routed.service);
        answer(response, 202, { message: 'Runs accepted' });
      })
      .catch((error: unknown) => {
        if (error instanceof ClientGone) return;
        const refused = error instanceof RequestRefused ? error : internalError(error);
        for (const refusal of refused.refusals) {
          events.refused(
            routed.service === undefined ? refusal : { ...refusal, service: cut(routed.service) },
          );
        }
        answer(response, refused.status, { error: refused.message });
      });
  });
}

async function ingest(request: IncomingMessage, route: Route): Promise<RunOperation[]> {
  const body = await readBody(request);
  const operations = await readOperations(body, request, route);
  assertValid(operations, route.kind === 'multipart' || route.kind === 'batch');
  return operations;
}

async function readOperations(body: Buffer, request: IncomingMessage, route: Route): Promise<RunOperation[]> {
  switch (route.kind) {
    case 'multipart':
      return operationsFromParts(await parseMultipart(body, request.headers['content-type']));
    case 'batch':
      return operationsFromBatch(body);
    case 'create':
      return [operationFromRun('post', body)];
    case 'update':
      return [operationFromRun('patch', body, route.runId)];
    case 'info':
      return [];
  }
}

/**
 * @throws {RequestRefused} one refusal for each invalid run; as with LangSmith, one invalid run fails the whole
 *   request
 */
function assertValid(operations: readonly RunOperation[], dottedOrderRequired: boolean): void {
  const refusals: Refusal[] = [];
  for (const operation of operations) {
    const reason = findFault(operation, dottedOrderRequired);
    if (reason === undefined) continue;
    const { name } = operation.fields;
    refusals.push({ runId: cut(operation.id), ...(typeof name === 'string' && { name: cut(name) }), reason });
  }
  if (refusals.length === 0) return;
  const named = refusals.splice(0, MAX_NAMED);
  const lost = operations.length - named.length;
  const note = lost > 0 ? ` (${lost} more of the same request refused with it)` : '';
  const message = named.map(({ name, reason }) => (name === undefined ? reason : `${reason} name:${name}`));
  throw new RequestRefused(
    400,
    `Bad request: ${message.join('; ')}${note}`,
    named.map((refusal) => ({ ...refusal, reason: refusal.reason + note })),
  );
}

function cut(text: string): string {
  return text.length > MAX_NAME_LENGTH ? `${text.slice(0, MAX_NAME_LENGTH)}...` : text;
}

function internalError(error: unknown): RequestRefused {
  const text = error instanceof Error ? error.message : String(error);
  return new RequestRefused(500, `the collector failed: ${text}`);
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}
