import fs from 'node:fs';
import { RunTree } from 'langsmith';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { Scope } from '../../src/context/scope.ts';
import type { Context } from '../../src/context/storage.ts';
import { DECISION, type Decision } from '../../src/decision.ts';
import { createContextFacts } from '../../src/explain/context-facts.ts';
import { createExplanations } from '../../src/explain/explanations.ts';
import { OUTGOING } from '../../src/explain/reasons.ts';
import { shownPath } from '../../src/explain/request-line.ts';
import { setLogLevel } from '../../src/log.ts';
import type { OutgoingCarrier } from '../../src/outgoing-carrier.ts';
import { DestinationPolicy } from '../../src/policy/destinations.ts';
import { createLangSmithAPI } from '../../src/policy/langsmith-api.ts';
import { PeerPolicy } from '../../src/policy/peers.ts';

afterEach(() => {
  setLogLevel('warn');
  vi.restoreAllMocks();
});

const carrier: OutgoingCarrier<object> = {
  seam: 'test',
  destinationKey: () => 'key',
  destination: () => ({ host: 'orders', port: 80, local: false, via: undefined }),
  header: () => undefined,
  method: () => 'GET',
  target: () => '/a',
  size: () => 0,
  write: () => undefined,
};

function lineOf(decision: Decision, context?: Context, by = carrier): string {
  const write = vi.spyOn(fs, 'writeSync').mockReturnValue(0);
  const { config } = readConfig({ TRACE_AGENT_LOG: 'debug' });
  const destinations = new DestinationPolicy(
    config,
    createLangSmithAPI({}, () => undefined),
  );
  createExplanations(createContextFacts({}), config, destinations, new PeerPolicy(config.trust)).outgoing(
    by,
    {},
    context,
    decision,
  );
  return write.mock.calls.map(([, text]) => String(text)).join('');
}

describe('the reason of a decision', () => {
  it.each<[string, Decision, string]>([
    ['whose queue cannot be followed', DECISION.notFollowed, OUTGOING.notFollowed],
    ['whose headers cannot be read', DECISION.unknownForm, OUTGOING.unknownForm],
    ['at which the agent failed', DECISION.failed, OUTGOING.failed],
  ])('is told for a request %s', (_what, decision, words) => {
    expect(lineOf(decision)).toBe(`[trace-agent] debug: outgoing GET orders:80/a: ${words}\n`);
  });

  it('is told for a run that no service could continue', () => {
    const run = Object.assign(new RunTree({ name: 'r', tracingEnabled: true }), { dotted_order: 'nonsense' });
    expect(lineOf(DECISION.noRun, new Scope(run, undefined))).toContain(`: ${OUTGOING.invalidRun}\n`);
  });

  it('is left out if it cannot be found, and the request goes on', () => {
    const failing = {
      ...carrier,
      destination: () => {
        throw new Error('a getter of the application');
      },
    };
    expect(lineOf(DECISION.noRun, undefined, failing)).toMatch(
      /error: explain a request failed, the request goes on/,
    );
  });
});

it.each([
  ['/orders/4711/items?token=secret#part', '/orders/…/items'],
  ['/v1/bot123:secret/sendMessage', '/v1/…/sendMessage'],
  ['https://host/a/b', '/a/b'],
  ['/services/T0000/B0000/XXXXXXXXXXXXXXXXXXXXXXXX', '/services/…/…/…'],
  ['/%2e%2e/Abcdefghijklmnopqrstuvwxyzabc', '/…/…'],
  ['*', '*'],
  ['', ''],
])('the path of %j is shown as %j', (target, shown) => {
  expect(shownPath(target)).toBe(shown);
});
