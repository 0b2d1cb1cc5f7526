import type { IncomingMessage, ServerResponse } from 'node:http';
import { summarizeRuns } from './model/summarize.ts';
import type { TraceRuns } from './model/wire.ts';
import { readPage } from './page-file.ts';
import type { TraceFeed, TraceSource } from './trace-feed.ts';

const DATA_PATH = /^\/page\/traces\/([^/]+)(?:\/runs\/([^/]+))?$/;

/** These headers prevent other sites from loading the responses, and browsers from guessing another content type. */
const COMMON_HEADERS = {
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** Answers a request for the trace page or its data. Returns `false` for any other request. */
export type PageHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * - `GET /`: the page, one file
 * - `GET /page/events`: the list of traces and its changes, as server-sent events
 * - `GET /page/traces/<id>`: the runs of a trace, without fields that can be large
 * - `GET /page/traces/<id>/runs/<id>`: a whole run
 */
export function createPageHandler(source: TraceSource, feed: TraceFeed): PageHandler {
  return ({ method, url = '' }, response) => {
    if (method !== 'GET') return false;
    const [path = ''] = url.split('?', 1);
    if (path === '/') return sendPage(response);
    if (path === '/page/events') {
      response.writeHead(200, { ...COMMON_HEADERS, 'content-type': 'text/event-stream' });
      feed.connect(response);
      return true;
    }
    const [, traceId, runId] = DATA_PATH.exec(path) ?? [];
    if (traceId === undefined) return false;

    const runs = source.runsOf(traceId);
    const run = runs.find(({ id }) => id === runId);
    if (runs.length === 0) return sendJSON(response, 404, { error: `no trace ${traceId}` });
    if (runId === undefined)
      return sendJSON(response, 200, { runs: summarizeRuns(runs) } satisfies TraceRuns);
    return run ? sendJSON(response, 200, run) : sendJSON(response, 404, { error: `no run ${runId}` });
  };
}

function sendPage(response: ServerResponse): true {
  try {
    const { html, policy } = readPage();
    const headers = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy };
    response.writeHead(200, { ...COMMON_HEADERS, ...headers });
    response.end(html);
    return true;
  } catch (error) {
    return sendJSON(response, 500, { error: `the trace page cannot be read: ${(error as Error).message}` });
  }
}

function sendJSON(response: ServerResponse, status: number, body: unknown): true {
  response.writeHead(status, { ...COMMON_HEADERS, 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
  return true;
}
