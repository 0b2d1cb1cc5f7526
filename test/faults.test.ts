import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, run } from './support/app.ts';
import { isCampaign } from './support/campaign.ts';
import { buildFaultyAgent } from './support/faulty-agent.ts';

/**
 * The guards themselves, and what stands between the application and them: a line or two each, with nothing in them that
 * can fail. A fault at their very beginning cannot be caught by anybody. Everything else in the agent may throw.
 */
const GUARDS = [
  /^src\/log\.ts: function log(Failure)?\(/,
  /^src\/context\/(storage|scope)\.ts: (function (current|enter|scope|inboundOf|storeOf|detachedOf|remoteOf)\(|constructor\(store|getStore|apply\(|run: |enterWith: )/,
  /^src\/context\/(current-run\.ts: function currentRunFor|clock-skew\.ts: (push\(|function raise\())/,
  /^src\/context\/(asker\.ts: function|shown-run\.ts: (function (createChild|remoteShownBy)|get: |set\(value))/,
  /^src\/context\/joining\.ts: (function (patchedDefaults|note|guarded)|const patched)/,
  /^src\/context\/(finalization\.ts: function endAndWait|sampling\.ts: prototype\._shouldSample)/,
  /^src\/context\/shared-key\.ts: function (get|set|settle)\(/,
  /^src\/instrumentation\/instrumentation\.ts: (\} : function|const replacement|return patchMethod)/,
  /^src\/instrumentation\/first-use\.ts: set\(value\)/,
  /^src\/instrumentation\/http\/client\.ts: (set\(value\)|return function _storeHeader|function (injectInto|write|giveBack))/,
  /^src\/instrumentation\/http\/(carrier\.ts: (isTooLarge\(request|function hasTooManyLines)|ports\.ts: (return function addRequest|function note))/,
  /^src\/instrumentation\/http\/client-context\.ts: (keep\(|of: |return function|function (entryOf|contextOf|isConstructed|bindCallback|bindSocketOf))/,
  /^src\/instrumentation\/http\/incoming-messages\.ts: (function entryOf|const isNodesOwn)/,
  /^src\/instrumentation\/connections\.ts: (return function (detached|connect)|function (contextFor|lookAtHandle))/,
  /^src\/instrumentation\/http\/server\.ts: (return function emit|const (boundToIt|entryOf)|function (boundTo|contextFor|entryTo|endRequestOf)|const wrap(Message|Last)Emit)/,
  /^src\/instrumentation\/http\/(inbound-message\.ts: function isObject|nodes-listeners\.ts: function isNodesOwn)/,
  /^src\/instrumentation\/undici\/callbacks\.ts: (return function (callback|upgrade)|function callInContext)/,
  /^src\/instrumentation\/bound-emitters\.ts: (return function emit|function (isHeard|emitInContext|entryOf))/,
  /^src\/instrumentation\/undici\/pool\.ts: (return function (push|shift|dispatch)|function isItem)/,
  /^src\/instrumentation\/undici\/(client\.ts: function (addHeader|stillToAdd)|channel\.ts: function onRequest)/,
  /^src\/instrumentation\/http2\/loaded\.ts: (function (look|setNoDelay))/,
  /^src\/instrumentation\/http2\/client\.ts: (return function request|function (contextOf|inject|bind))/,
  /^src\/propagator\.ts: inject\(carrier/,
];
/** All of them in a campaign, else one in five. */
const EVERY = isCampaign ? 1 : 5;
const env = { LANGSMITH_TRACING: 'true', LANGSMITH_API_KEY: 'test' };

interface Round {
  number: number;
  isReached: boolean;
  problems: string[];
  lines: string[];
}

describe('a fault at the beginning of each function of the agent', () => {
  const directory = mkdtempSync(join(tmpdir(), 'trace-agent-faults-'));
  const faulty = { preload: 'none', nodeOptions: ['--require', join(directory, 'agent.cjs')] } as const;
  let names: string[];
  beforeAll(async () => {
    const agent = await buildFaultyAgent();
    names = agent.names;
    writeFileSync(join(directory, 'agent.cjs'), agent.source);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('does not change inbound and outbound requests, and is logged once for each place', async () => {
    const isGuard = (name: string) => GUARDS.some((guard) => guard.test(name));
    const numbers = names
      .flatMap((name, number) => (isGuard(name) ? [] : [String(number)]))
      .filter((_, i) => i % EVERY === 0);
    const { stdout, stderr, code } = await run([fixture('apps/faults.cjs'), ...numbers], { ...faulty, env });
    expect(code, stderr).toBe(0);
    const rounds = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Round);
    const reached = rounds.filter(({ isReached }) => isReached);
    expect(rounds).toHaveLength(numbers.length);
    expect(reached.length).toBeGreaterThan(120 / EVERY);
    for (const { number, problems, lines } of reached) {
      expect(problems, names[number]).toEqual([]);
      const places = lines.map(
        (line) => /^\[trace-agent\] error: ([^\n]*) failed, the request goes on[^\n]*\n$/.exec(line)?.[1],
      );
      expect(places, names[number]).not.toContain(undefined);
      expect(new Set(places).size, names[number]).toBe(places.length);
    }
    // Most of what is reached is said; what is expected to fail, as a `JSON.parse`, is not.
    expect(reached.filter(({ lines }) => lines.length > 0).length).toBeGreaterThan(100 / EVERY);
  }, 300_000);

  it('leaves the application alone, also where the agent only starts', async () => {
    const atStart =
      /^src\/(?:agent|core|builtins|config|runtime|policy\/patterns|instrumentation\/\S+: (?:function (?:install|patch|isEnum|onFirst|isBuiltin|watch)|const wrap))/;
    const all = names.flatMap((name, number) => (atStart.test(name) ? [number] : []));
    expect(all.length).toBeGreaterThan(40);
    const numbers = all.filter((_, i) => i % EVERY === 0);
    const args = ['-e', ROUND_TRIP];
    const without = await run(args, { preload: 'none' });
    expect(without).toEqual({ code: 0, stdout: '200 ok\n', stderr: '' });
    const said: string[] = [];
    const one = async (number: number) => {
      const { stderr, ...result } = await run(args, { ...faulty, env: { FAULT: String(number) } });
      expect({ ...result, stderr: '' }, `${names[number]}\n${stderr}`).toEqual(without);
      const lines = stderr.split('\n').filter((line) => line !== '');
      for (const line of lines) expect(line, names[number]).toMatch(/^\[trace-agent\] error: .* failed/);
      expect(new Set(lines).size).toBe(lines.length);
      said.push(...lines);
    };
    for (let i = 0; i < numbers.length; i += 4) await Promise.all(numbers.slice(i, i + 4).map(one));
    if (!isCampaign) return;
    for (const place of ['start', 'install http-server', 'install http-client', 'install undici']) {
      expect(said.filter((line) => line.startsWith(`[trace-agent] error: ${place} failed`))).not.toEqual([]);
    }
  }, 300_000);
});

const ROUND_TRIP = `
  const http = require('node:http');
  const server = http.createServer((request, response) => response.end('ok')).listen(0, '127.0.0.1', () =>
    http.get({ port: server.address().port, host: '127.0.0.1', agent: false }, (response) => {
      response.on('data', (text) => console.log(response.statusCode, String(text)));
      server.close();
    }),
  );`;
