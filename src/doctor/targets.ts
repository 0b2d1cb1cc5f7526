/** The servers that the probes call, on loopback. They keep the headers of each request by the id in its path. */
import { createServer } from 'node:http';
import {
  createServer as createHTTP2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { BAGGAGE_HEADER, isNamed, TRACE_HEADER } from '../headers/names.ts';
import { formatTraceMember } from '../headers/trace-member.ts';
import type { Caller, Targets } from './probe/task.ts';

export interface TargetServers extends Targets {
  /** Describes the difference of the headers of a request from those of the caller; `undefined` if there is none. */
  difference(id: string, caller: Caller): string | undefined;
  close(): void;
}

export async function startTargets(): Promise<TargetServers> {
  const arrived = new Map<string, readonly string[]>();
  const note = (path: string | undefined, rawHeaders: readonly string[]) => {
    const id = /call-\d+/.exec(path ?? '')?.[0];
    if (id !== undefined) arrived.set(id, rawHeaders);
  };
  const server = createServer((request, response) => {
    note(request.url, request.rawHeaders);
    response.setHeader('content-type', 'application/json').end('{"object":"list","data":[]}');
  });
  server.on('upgrade', (request, socket) => {
    note(request.url, request.rawHeaders);
    socket.on('error', () => undefined).end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
  });
  const sessions = new Set<ServerHttp2Session>();
  const http2 = createHTTP2Server();
  http2.on('session', (session) => sessions.add(session));
  http2.on('stream', (stream: ServerHttp2Stream, headers, _flags, rawHeaders) => {
    note(headers[':path'], rawHeaders);
    stream.on('error', () => undefined);
    const isGRPC = String(headers['content-type']).startsWith('application/grpc');
    // 12 is UNIMPLEMENTED. A response of gRPC without messages has its status among the headers.
    const more = isGRPC ? { 'content-type': 'application/grpc', 'grpc-status': '12' } : {};
    stream.respond({ ':status': 200, ...more }, { endStream: true });
  });
  const ports = await Promise.all(
    [server, http2].map(
      (one) =>
        new Promise<number>((resolve, reject) => {
          one.once('error', reject);
          one.listen(0, '127.0.0.1', () => resolve((one.address() as AddressInfo).port));
        }),
    ),
  );
  return {
    url: `http://127.0.0.1:${ports[0]}`,
    http2: `http://127.0.0.1:${ports[1]}`,
    difference(id, { trace, baggage }) {
      const headers = arrived.get(id);
      if (headers === undefined) return 'no request arrived';
      const traces = valuesOf(headers, TRACE_HEADER);
      if (traces.length !== 1)
        return traces.length === 0 ? 'carries no trace' : `carries ${traces.length} traces`;
      if (traces[0] !== trace) return 'carries another trace';
      // The agent may put the trace there too (TRACE_AGENT_TRACE_IN_BAGGAGE).
      const arrivedBaggage = valuesOf(headers, BAGGAGE_HEADER)
        .join()
        .replace(`${formatTraceMember(trace)},`, '');
      return arrivedBaggage === baggage ? undefined : 'carries another baggage';
    },
    close() {
      for (const session of sessions) session.destroy();
      for (const one of [server, http2]) one.close();
      server.closeAllConnections();
    },
  };
}

function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_value, i) => i % 2 === 1 && isNamed(rawHeaders[i - 1], name));
}
