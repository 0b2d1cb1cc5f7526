/** The hot functions of the agent, each ready to be called, with the SDK's equivalent where there is one. */
import * as http from 'node:http';
import { Socket } from 'node:net';
import { RunTree } from 'langsmith';
import { readConfig } from '../../src/config.ts';
import { headersOfRun } from '../../src/context/local-run.ts';
import { takeNatives } from '../../src/context/natives.ts';
import { RemoteRun } from '../../src/context/remote-run.ts';
import type { RunTreeLike } from '../../src/context/run-tree.ts';
import { createContextStorage } from '../../src/context/storage.ts';
import { formatBaggage, parseBaggage, relayMembers } from '../../src/headers/baggage.ts';
import { isDottedOrder } from '../../src/headers/dotted-order.ts';
import { mergeBaggage } from '../../src/headers/members.ts';
import { formsOf, makeHeaderSet } from '../../src/headers/trace-headers.ts';
import { CLIENT_REQUEST, onFirstUse, SERVER } from '../../src/instrumentation/first-use.ts';
import { watchRequests } from '../../src/instrumentation/http/client.ts';
import { createIncomingMessages } from '../../src/instrumentation/http/incoming-messages.ts';
import { watchServers } from '../../src/instrumentation/http/server.ts';
import type { Emit } from '../../src/instrumentation/instrumentation.ts';
import { carrierOf, type UndiciRequest } from '../../src/instrumentation/undici/carrier.ts';
import { DestinationPolicy } from '../../src/policy/destinations.ts';
import { createLangSmithAPI } from '../../src/policy/langsmith-api.ts';
import { PeerPolicy } from '../../src/policy/peers.ts';
import { Propagator } from '../../src/propagator.ts';

export interface Case {
  readonly group: string;
  readonly name: string;
  readonly call: () => unknown;
  /** Called once before the measurement. */
  readonly before: (() => void) | undefined;
  /** Runs the measurement in the context of a remote run. */
  readonly around: (<T>(fn: () => T) => T) | undefined;
}

const SETTINGS = { maxHeaderBytes: 8192, traceInBaggage: true };
const SEGMENT = '20260131T235959123456Z5c0b7a2e-91d4-4f3b-8a6c-0d3c9e1f6b2a';
const DEEP = Array.from({ length: 10 }, () => SEGMENT).join('.');
const FIELDS = { metadata: { tenant: 'acme', tier: 'gold' }, tags: ['bench', 'hop'], project: 'caller' };
const LARGE = { ...FIELDS, metadata: { note: 'm'.repeat(10_000) } };
const BAGGAGE = formatBaggage(FIELDS);
const OTHERS = 'vendor=1;property=2,another=value';
const ADDRESS = '127.0.0.1';
const HOST = ['Host', 'localhost'];

export function createCases(): Case[] {
  const { config } = readConfig({});
  const policy = new DestinationPolicy(
    config,
    createLangSmithAPI({}, () => undefined),
  );
  const propagator = new Propagator(config, policy, new PeerPolicy(config.trust), {});
  const contexts = createContextStorage(takeNatives(), undefined, () => undefined);
  const remote = new RemoteRun(SEGMENT, BAGGAGE);
  const headers = { 'langsmith-trace': SEGMENT, baggage: BAGGAGE };
  const traced = [...HOST, ...Object.entries(headers).flat()];
  const run = RunTree.fromHeaders(headers) as RunTree;
  const like = run as unknown as RunTreeLike;
  const destination = { host: 'service.internal', port: 80, local: false, via: undefined };
  // Several keys, because the compiler would optimise a single one away.
  const known = Array.from({ length: 8 }, (_, i) => `http://service-${i}.internal|`);
  for (const key of known) policy.decide(key, destination);
  let host = 0;
  const around = <T>(fn: () => T): T => contexts.apply(remote, fn, undefined, []);
  const install = () => {
    onFirstUse(CLIENT_REQUEST, (prototype) =>
      watchRequests(prototype, contexts, propagator, createIncomingMessages(contexts)),
    );
  };

  return [
    one('read', 'dotted order, one run', () => isDottedOrder(SEGMENT)),
    one('read', 'dotted order, ten runs', () => isDottedOrder(DEEP)),
    one('read', 'baggage', () => parseBaggage(BAGGAGE)),
    one('read', 'extract the remote run', () => propagator.extract(SEGMENT, BAGGAGE, ADDRESS, false)),
    one('read', 'SDK: RunTree.fromHeaders', () => RunTree.fromHeaders(headers)),
    one('write', 'baggage', () => formatBaggage(FIELDS)),
    one('write', 'baggage merged with others', () => mergeBaggage(BAGGAGE, OTHERS)),
    one('write', 'headers relayed, baggage not met before', () => formsOf(relayMembers(BAGGAGE))),
    one('write', 'headers relayed', () => new RemoteRun(SEGMENT, BAGGAGE).relayHeaders(SETTINGS)),
    one('write', 'headers, made', () => makeHeaderSet(SEGMENT, FIELDS, SETTINGS)),
    one('write', 'headers, metadata over the limit', () => makeHeaderSet(SEGMENT, LARGE, SETTINGS)),
    one('write', 'headers of a run, made before', () => headersOfRun(like, SETTINGS)),
    one('write', 'SDK: runTree.toHeaders', () => run.toHeaders()),
    one('decide', 'destination, known', () => policy.cached(known[host++ & 7] as string)),
    one('decide', 'destination, new host', () =>
      policy.decide(`http://host-${host++}.internal|`, destination),
    ),
    one('context', 'current, none', () => contexts.current()),
    one('context', 'enter', () => contexts.apply(remote, nothing, undefined, [])),
    one('context', 'current, in a run', () => contexts.current(), { around }),
    one('undici', 'a request as it is before', () => undiciRequest()),
    one('undici', 'the same, and the headers of a run', () => {
      const request = undiciRequest();
      const carrier = carrierOf(request);
      if (carrier !== undefined) propagator.inject(carrier, request, remote);
      return request;
    }),
    one('server', 'a request, without the agent', () => serve(HOST)),
    one('server', 'the same with the agent, no trace', () => serve(HOST), {
      before: () => {
        onFirstUse<{ emit: Emit }>(SERVER, (prototype) =>
          watchServers(prototype, contexts, propagator, createIncomingMessages(contexts)),
        );
      },
    }),
    one('server', 'the same with the agent and a trace', () => serve(traced)),
    one('request', 'made and its header stored, without the agent', () => storeHeader({})),
    one('request', 'the same with the headers set by hand', () => storeHeader(headers)),
    one('request', 'the same with the agent, no run', () => storeHeader({}), { before: install }),
    one('request', 'the same with the agent, in a run', () => storeHeader({}), { around }),
  ];
}

const agent = new http.Agent();
// The agent never connects, because only the creation of the request is measured.
(agent as unknown as { addRequest(): void }).addRequest = nothing;

/** Creates a request and serialises its header, without sending it. */
function storeHeader(headers: http.OutgoingHttpHeaders): unknown {
  const request = http.request({ agent, host: 'service.internal', path: '/', headers });
  request.end();
  return (request as unknown as { _header: unknown })._header;
}

/** The request as undici publishes it. */
function undiciRequest(): UndiciRequest {
  return { origin: 'http://service.internal', path: '/', method: 'GET', headers: ['accept', '*/*'] };
}

const server = http.createServer((_request, response) => response);
// The socket is not connected, so its address is set here. A peer without an address is not trusted.
const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: ADDRESS });

/** Emits a request as the HTTP parser does, runs its handler, and emits the four events that every request has. */
function serve(rawHeaders: readonly string[]): unknown {
  const request = new http.IncomingMessage(socket);
  request.rawHeaders = [...rawHeaders];
  const response = new http.ServerResponse(request);
  server.emit('request', request, response);
  request.emit('resume');
  request.emit('end');
  response.emit('finish');
  response.emit('close');
  return response;
}

function one(
  group: string,
  name: string,
  call: () => unknown,
  { before, around }: Partial<Pick<Case, 'before' | 'around'>> = {},
): Case {
  return { group, name, call, before, around };
}

function nothing(): void {}
